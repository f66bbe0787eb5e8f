// What the page does in the browser: views, addresses, clicks on what the server wrote, the keyboard.
// Gradio runs this once as a function of (element, trigger, props, server, upload, watch); `trigger` sends an
// event with data to the Python function of the same name: "visit", "ask", "open", "check", "turn".
const root = document.documentElement;
const wide = window.matchMedia("(min-width: 1200px)");
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
let openPassage = null; // data of the passage in the reader, for "previous" and "next"

// --- the address is the state: ?q=question&c=conversation&doc=key#p12, ?view=lookup&q=…, or #library … ---

const HASHED = ["library", "history", "map", "evaluate"]; // views that an address names by its #
const ROOMS = ["ask", "lookup"]; // views whose hits open beside them
const rooms = () => window.wenjuRooms ?? {};
const inLookup = () => root.dataset.room === "lookup" && rooms().lookup;
const found = () => (inLookup() ? "#wj-found" : "#wj-results .wj-answer");

function place() {
	const query = new URLSearchParams(location.search);
	const paragraph = /^#p(\d+)$/.exec(location.hash);
	return {
		room: query.get("view") === "lookup" ? "lookup" : "ask",
		question: query.get("q") ?? "",
		conversation: query.get("c") ?? "",
		document: query.get("doc") ?? "",
		paragraph: paragraph ? Number(paragraph[1]) : 0,
	};
}

function address({ question, conversation, document: key, paragraph }) {
	const query = inLookup() ? ["view=lookup", ...rooms().lookup.query()] : [];
	if (question) query.push(`q=${encodeURIComponent(question)}`);
	if (conversation) query.push(`c=${encodeURIComponent(conversation)}`);
	if (key) query.push(`doc=${encodeURIComponent(key).replaceAll("%2F", "/")}`);
	return `${location.pathname}${query.length ? "?" : ""}${query.join("&")}${key && paragraph ? `#p${paragraph}` : ""}`;
}

function go(next) {
	const url = address(next);
	if (url !== location.pathname + location.search + location.hash) history.pushState(null, "", url);
}

// The question that is answered and the passage that is open, as they stand on the page.
function current() {
	const shown = one("#wj-reader-body .wj-doc");
	return {
		question: inLookup() ? rooms().lookup.question() : (one("#wj-results .wj-answer")?.dataset.question ?? ""),
		conversation: inLookup() ? "" : (one("#wj-results .wj-talk")?.dataset.conversation ?? ""),
		document: root.hasAttribute("data-open") ? shown?.dataset.document : "",
		paragraph: openPassage?.paragraph,
	};
}

function visit({ first = false, view = viewOf(place()) } = {}) {
	show(view);
	busy(true);
	const here = place();
	root.dataset.room = here.room;
	if (here.room === "lookup") here.question = here.document = ""; // that view asks and opens by itself
	trigger("visit", { ...here, view, first: Number(first) });
}

function viewOf({ room, question, document: key }) {
	if (HASHED.includes(location.hash.slice(1))) return location.hash.slice(1);
	return key && !(question && wide.matches) ? "reader" : room;
}

// --- views ---

function show(view) {
	root.dataset.view = view;
	if (ROOMS.includes(view)) root.dataset.room = view;
	for (const link of all("[data-act=view]")) {
		if (link.dataset.view === view) link.setAttribute("aria-current", "page");
		else link.removeAttribute("aria-current");
	}
	unfold();
	window.scrollTo({ top: 0 });
}

// The contents stand open beside the document where there is room for them.
function unfold() {
	const contents = one("#wj-reader-body .wj-contents");
	if (contents) contents.open = wide.matches && root.dataset.view === "reader";
	const sheet = one("#wj-reader-body .wj-sheet");
	if (sheet) sheet.open = wide.matches && root.dataset.view === "reader";
}

function busy(on) {
	root.toggleAttribute("data-busy", on);
}

// Nothing is open in the reader any more.
function forget() {
	openPassage = null;
	root.removeAttribute("data-open");
	markCurrent();
}

function closeReader() {
	if (root.dataset.view === "reader") show(root.dataset.room);
	if (inLookup()) rooms().lookup.back();
	forget();
	go(current());
}

function links() {
	return all(`${found()} .wj-hits .wj-open`);
}

function step(by) {
	const hits = links();
	const at = hits.findIndex((link) => link.dataset.passage === openPassage?.passage);
	const next = at < 0 ? (by > 0 ? 0 : hits.length - 1) : at + by;
	hits[next]?.click();
}

function markCurrent() {
	const hits = links();
	const at = hits.findIndex((link) => link.dataset.passage === openPassage?.passage);
	for (const hit of all(`${found()} .wj-hit`)) {
		hit.classList.toggle("wj-current", at >= 0 && hit.dataset.passage === openPassage.passage);
	}
	one("#wj-step-at").textContent = at >= 0 ? `${at + 1} / ${hits.length}` : "";
	root.toggleAttribute("data-steps", hits.length > 1 && at >= 0);
}

// --- what Python calls when an answer is there ---

window.wenju = {
	// What the other scripts of the page use.
	page: {
		acts: {},
		busy,
		markCurrent,
		open: (data) => open(data),
		place,
		show: (view) => show(view),
		replace: () => history.replaceState(null, "", address(current())),
	},
	asking() {
		busy(true);
		root.setAttribute("data-asking", "");
		root.setAttribute("data-asked", "");
		forget();
		show("ask");
	},
	visited() {
		busy(false);
		label();
		const answered = one("#wj-results .wj-answer, #wj-results .wj-error");
		root.toggleAttribute("data-asked", Boolean(answered));
		root.toggleAttribute("data-open", Boolean(one("#wj-reader-body .wj-doc")));
		const here = place();
		if (inLookup()) return rooms().lookup.enter();
		rooms()[root.dataset.view]?.enter();
		if (here.document) {
			const hit = links().find((link) => link.dataset.document === here.document && Number(link.dataset.paragraph) === here.paragraph);
			openPassage = hit ? { ...hit.dataset } : null;
			unfold();
			this.settle();
		} else if (root.dataset.view === "ask" && !answered) one("#wj-question textarea, #wj-question input")?.focus();
		markCurrent();
	},
	asked() {
		busy(false);
		root.setAttribute("data-asked", "");
		root.removeAttribute("data-asking");
		if (openPassage) return; // a hit was opened before this came
		go(current());
		markCurrent();
		const answer = one("#wj-results .wj-answer");
		if (one(".wj-slot [aria-busy]", answer ?? document)) root.setAttribute("data-writing", "");
		answer?.focus({ preventScroll: true });
		if (one("#wj-results .wj-past")) answer?.scrollIntoView({ block: "start" });
	},
	opened() {
		busy(false);
		markCurrent();
		const card = one(".wj-current");
		const before = card?.getBoundingClientRect().top;
		root.setAttribute("data-open", "");
		if (!(wide.matches && ROOMS.includes(root.dataset.view))) show("reader");
		else if (card) window.scrollBy({ top: card.getBoundingClientRect().top - before, behavior: "instant" });
		unfold();
		this.settle();
	},
	changed: () => busy(false),
	// The server was too busy to take what was asked; Gradio shows its line.
	refused() {
		busy(false);
		root.removeAttribute("data-asking");
		if (!one("#wj-results :is(.wj-answer, .wj-past, .wj-error)")) root.removeAttribute("data-asked");
	},
	// The passage stands a third of the way down, where reading begins.
	settle() {
		const target = one("#wj-reader-body mark") ?? one("#wj-reader-body .wj-here");
		const panel = one("#wj-reader");
		const scroller = getComputedStyle(panel).overflowY === "auto" ? panel : null;
		if (!target) return scroller ? scroller.scrollTo({ top: 0 }) : window.scrollTo({ top: 0 });
		const height = scroller?.clientHeight ?? window.innerHeight;
		const top = target.getBoundingClientRect().top - (scroller?.getBoundingClientRect().top ?? 0) - height / 3;
		(scroller ?? window).scrollBy({ top, behavior: "instant" });
	},
};

// --- clicks ---

function open(data) {
	openPassage = data.passage ? data : null;
	go({ ...current(), document: data.document, paragraph: data.paragraph });
	busy(true);
	trigger("open", data);
}

const acts = {
	view: (data) => {
		show(data.view);
		if (HASHED.includes(data.view)) {
			history.pushState(null, "", `${location.pathname}#${data.view}`);
			if (data.view === "library") trigger("turn", { sheet: 0 }); // as it is now: other programs write to it too
			else rooms()[data.view]?.enter();
		} else go(current());
		if (data.view === "lookup") rooms().lookup?.enter({ typing: true });
		if (data.view === "reader") window.wenju.settle();
	},
	home: () => {
		history.pushState(null, "", location.pathname);
		root.removeAttribute("data-open");
		visit();
	},
	try: (data) => {
		window.wenju.asking();
		trigger("ask", { question: data.question });
	},
	open,
	check: () => {
		busy(true);
		trigger("check", {});
	},
	turn: (data) => trigger("turn", data),
	sure: (_, target) => {
		const cell = target.parentElement;
		target.hidden = true;
		one(".wj-sure", cell).hidden = false;
		one(".wj-sure [data-act=keep]", cell).focus();
	},
	keep: (_, target) => {
		const cell = target.closest("td");
		one(".wj-sure", cell).hidden = true;
		const ask = one("[data-act=sure]", cell);
		ask.hidden = false;
		ask.focus();
	},
	copy: async (data, target) => {
		await navigator.clipboard.writeText(data.text);
		const label = target.textContent;
		target.textContent = data.done;
		setTimeout(() => (target.textContent = label), 1600);
	},
	scroll: (data) => {
		document.getElementById(data.target)?.scrollIntoView({ block: "start" });
	},
	close: closeReader,
	back: () => {
		show(root.dataset.room);
		if (!wide.matches) closeReader();
	},
	enlarge: () => {
		show("reader");
		window.wenju.settle();
	},
	previous: () => step(-1),
	next: () => step(1),
	tongue: () => {
		const tongue = root.dataset.tongue === "zh" ? "en" : "zh";
		document.cookie = `wenju-tongue=${tongue}; path=/; max-age=31536000; samesite=strict`;
		root.dataset.tongue = tongue;
		label();
		visit({ view: root.dataset.view });
	},
	theme: () => {
		const dark = !document.body.classList.contains("dark");
		localStorage.setItem("wenju-theme", dark ? "dark" : "light");
		document.body.classList.toggle("dark", dark);
	},
};

document.addEventListener("click", (event) => {
	const target = event.target.closest?.("[data-act]");
	if (!target || event.metaKey || event.ctrlKey || event.shiftKey) return;
	event.preventDefault();
	(acts[target.dataset.act] ?? window.wenju.page.acts[target.dataset.act])?.({ ...target.dataset }, target);
});

window.addEventListener("popstate", () => visit());

// --- the keyboard: "/" to ask, Escape to close the reader, [ and ] through the hits ---

document.addEventListener("keydown", (event) => {
	const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
	if (event.key === "Escape" && !typing && root.hasAttribute("data-open")) {
		event.preventDefault();
		closeReader();
	}
	if (typing || event.metaKey || event.ctrlKey || event.altKey) return;
	if (event.key === "/") {
		event.preventDefault();
		show(root.dataset.room);
		if (inLookup()) rooms().lookup.focus();
		else one("#wj-question textarea, #wj-question input")?.focus();
	}
	if (event.key === "[") step(-1);
	if (event.key === "]") step(1);
});

// --- what buttons of one sign are called, on hovering; the language of the page for the browser ---

function label() {
	const tongue = root.dataset.tongue;
	root.lang = tongue === "zh" ? "zh-Hans" : "en";
	for (const element of all("[data-label-zh]")) {
		element.title = tongue === "zh" ? element.dataset.labelZh : element.dataset.labelEn;
	}
}

label();
visit({ first: true });
