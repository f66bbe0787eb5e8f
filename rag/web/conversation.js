// The conversation and its history: goes on where page.js ends, in the same function.

Object.assign(window.wenju, {
	// The writing of an answer has come to its end, whichever way.
	written() {
		root.removeAttribute("data-writing");
		if (!one("#wj-results .wj-talk")?.dataset.conversation || openPassage) return;
		window.wenju.page.replace(); // a follow-up may have been read anew
		markCurrent();
	},
	stopped() {
		busy(false);
		root.removeAttribute("data-asking");
		root.removeAttribute("data-writing");
		if (!one("#wj-results :is(.wj-answer, .wj-past)")) root.removeAttribute("data-asked");
		one("#wj-question textarea, #wj-question input")?.focus();
	},
	// What Python wrote as Markdown becomes a file of the browser; nothing is kept on the page.
	save() {
		busy(false);
		const written = one("#wj-saved [data-markdown]");
		if (!written) return;
		const link = document.createElement("a");
		link.href = URL.createObjectURL(new Blob([written.dataset.markdown], { type: "text/markdown" }));
		link.download = written.dataset.name;
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 1000);
		written.remove();
	},
});

// An answer comes from Python in pieces and goes into its turn, unless another question is shown by now.
function draw() {
	const sheet = one("#wj-writing [data-question]");
	const answer = one("#wj-results .wj-answer");
	const place = one(".wj-slot", answer ?? document.createElement("div"));
	if (!sheet || !place || sheet.dataset.question !== answer.dataset.question) return;
	if (sheet.dataset.conversation !== (one("#wj-results .wj-talk").dataset.conversation ?? "")) return;
	const busy = "busy" in sheet.dataset;
	if (sheet.childNodes.length || !busy) bring(place, sheet);
	if (busy) root.setAttribute("data-writing", ""); // until `written`
}

// Make the children of one element those of the other; what has not changed stays, with its focus.
function bring(old, next) {
	const kept = [...old.childNodes];
	[...next.childNodes].forEach((node, at) => {
		const before = kept[at];
		if (!before) old.append(node.cloneNode(true));
		else if (before.isEqualNode(node)) return;
		else if (before.nodeType === 1 && before.tagName === node.tagName && before.className === node.className) {
			for (const { name } of [...before.attributes]) if (!node.hasAttribute(name)) before.removeAttribute(name);
			for (const { name, value } of node.attributes) before.setAttribute(name, value);
			bring(before, node);
		} else before.replaceWith(node.cloneNode(true));
	});
	for (const node of kept.slice(next.childNodes.length)) node.remove();
}

// Gradio has not put the sheet on the page yet when this runs.
new MutationObserver((changes) => {
	if (changes.some(({ target }) => (target.closest ? target : target.parentElement)?.closest("#wj-writing"))) draw();
}).observe(document.body, { childList: true, characterData: true, subtree: true });

function editing(on) {
	const form = one("#wj-results .wj-answer .wj-edit");
	if (!form) return;
	form.hidden = !on;
	one("#wj-results .wj-answer .wj-reading").hidden = on;
	if (!on) return one("#wj-results [data-act=edit]").focus();
	const field = one("textarea", form);
	field.focus();
	field.setSelectionRange(field.value.length, field.value.length);
}

function reread(question) {
	if (!question.trim()) return;
	window.wenju.asking();
	trigger("reread", { question });
}

function forgetting(target, on) {
	const cell = target.closest(".wj-actions");
	one(".wj-sure", cell).hidden = !on;
	one("[data-act=forgetting]", cell).hidden = on;
	one(on ? "[data-act=unforget]" : "[data-act=forgetting]", cell).focus();
}

function history_() {
	show("history");
	trigger("history", {});
}

Object.assign(acts, {
	edit: () => editing(true),
	unedit: () => editing(false),
	reread: (data) => reread(data.question),
	fresh: () => {
		trigger("fresh", {});
		forget();
		root.removeAttribute("data-asked");
		show("ask");
		history.pushState(null, "", location.pathname);
		one("#wj-question textarea, #wj-question input")?.focus();
	},
	write: () => {
		root.setAttribute("data-writing", "");
		trigger("write", {});
	},
	history: () => {
		history.pushState(null, "", `${location.pathname}#history`);
		history_();
	},
	"view-ask": () => {
		show("ask");
		go(current());
	},
	reopen: (data) => {
		history.pushState(null, "", address({ conversation: data.conversation }));
		forget();
		visit();
	},
	export: (data) => {
		busy(true);
		trigger("export", { conversation: data.conversation ?? "" });
	},
	forgetting: (_, target) => forgetting(target, true),
	unforget: (_, target) => forgetting(target, false),
	forget: (data) => trigger("forget", data),
});

document.addEventListener("submit", (event) => {
	const form = event.target.closest?.("[data-form=reread]");
	if (!form) return;
	event.preventDefault();
	reread(one("textarea", form).value);
});

// Enter asks, Escape gives up, in the field in which a reading is changed.
document.addEventListener("keydown", (event) => {
	const form = event.target.closest?.("[data-form=reread]");
	if (!form || event.isComposing) return;
	if (event.key === "Escape") editing(false);
	if (event.key === "Enter" && !event.shiftKey) {
		event.preventDefault();
		reread(event.target.value);
	}
});

if (root.dataset.view === "history") history_();
