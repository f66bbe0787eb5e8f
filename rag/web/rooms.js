// The views beside asking, reading and the shelf. Gradio runs this once as a function of (element, trigger, …);
// `trigger` sends an event with data to the Python function of the same name: "enter", "look".
// What page.js gives is in `window.wenju.page`; what it calls here is in `window.wenjuRooms`.
const root = document.documentElement;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const wenju = () => window.wenju;

// --- looking up ---

const DEBOUNCE_MS = 150;
const FIELDS = ["in", "folder", "lang", "who", "section", "format", "from", "to", "sort"];
const STYLE = "wenju-style"; // the style in which quotations are copied; a setting, no history
let timer = 0;

const box = () => one("#wj-lookup-box input, #wj-lookup-box textarea");
const form = () => one("#wj-facets form");
const hits = () => all("#wj-found .wj-hits .wj-open");

// What the controls say now; before they are there, what the address says.
function wanted() {
	const query = new URLSearchParams(location.search);
	const fields = form() ? Object.fromEntries(new FormData(form())) : Object.fromEntries(query);
	const kept = FIELDS.map((name) => [name, fields[name] ?? ""]).filter(([name, value]) => value && !(name === "sort" && value === "relevance"));
	return { q: form() ? (box()?.value ?? "") : (query.get("q") ?? ""), ...Object.fromEntries(kept) };
}

function lookSoon() {
	clearTimeout(timer);
	timer = setTimeout(() => {
		wenju().page.busy(true);
		trigger("look", wanted());
	}, DEBOUNCE_MS);
}

function narrowed() {
	const count = FIELDS.filter((name) => name !== "sort" && wanted()[name]).length;
	const shown = one("#wj-facets .wj-narrowing");
	if (shown) shown.textContent = count ? ` ${count}` : "";
}

// The names that may be typed into a control: those of what was found.
function suggest(name) {
	const names = new Set(all(`#wj-found [data-${name}]`).map((hit) => hit.dataset[name]));
	one(`#wj-names-${name}`)?.replaceChildren(...[...names].map((text) => new Option(text, text)));
}

const lookup = {
	// The part of the address that is this view's.
	query() {
		const { q, ...fields } = wanted();
		return Object.entries(fields).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
	},
	question: () => wanted().q,
	focus() {
		box()?.focus();
		box()?.select();
	},
	// Comes to the view with what the address says; the passage that it names is opened.
	enter({ typing = false } = {}) {
		if (typing) box()?.focus(); // at once: the answer does not touch the box
		trigger("enter", typing ? { ...wanted(), keep: 1 } : Object.fromEntries(new URLSearchParams(location.search)));
	},
	entered() {
		suggest("who");
		suggest("section");
		const style = one("#wj-facets [name=style]");
		if (style) style.value = localStorage.getItem(STYLE) ?? "plain";
		narrowed();
		const here = wenju().page.place();
		if (here.document) {
			const link = hits().find((one) => one.dataset.document === here.document && Number(one.dataset.paragraph) === here.paragraph);
			wenju().page.open(link ? { ...link.dataset } : { document: here.document, paragraph: here.paragraph });
		} else if (root.dataset.view === "lookup") box()?.focus();
		wenju().page.busy(false);
	},
	found() {
		wenju().page.busy(false);
		narrowed();
		suggest("who");
		suggest("section");
		if (root.dataset.view === "lookup") wenju().page.replace();
		wenju().page.markCurrent();
	},
	// Back from the reader: where the person was in the list.
	back() {
		const link = one("#wj-found .wj-current .wj-open") ?? hits()[0];
		(link ?? box())?.focus();
	},
};
window.wenjuRooms = { lookup, intake: null };

// --- files on their way into the library ---

const WATCH_MS = 500;
let watching = 0;
let wasActive = 0;

const intake = {
	active: () => Number(one("#wj-jobs .wj-jobs")?.dataset.active ?? 0),
	// Asks again while files are on their way, and once more when the last one has ended: for the table.
	watch() {
		clearTimeout(watching);
		const active = this.active();
		const ended = wasActive > active;
		wasActive = active;
		if (active || ended) watching = setTimeout(() => this.look(!ended), active ? WATCH_MS : 0);
	},
	look: (idle = true) => trigger("files", { idle: Number(idle), wanted: one("#wj-wanted input, #wj-wanted textarea")?.value ?? "" }),
};

// A folder is dropped or chosen: its files, those of its folders named with them, go into Gradio's own input.
async function filesOf(entry, prefix = "") {
	if (entry.name.startsWith(".")) return [];
	if (entry.isFile) {
		const file = await new Promise((done, failed) => entry.file(done, failed));
		return [prefix ? new File([file], `${prefix}${file.name}`, { type: file.type }) : file];
	}
	const reader = entry.createReader();
	const found = [];
	for (;;) {
		const some = await new Promise((done, failed) => reader.readEntries(done, failed));
		if (!some.length) return found;
		for (const inside of some) found.push(...(await filesOf(inside, inside.isFile ? prefix : `${prefix}${inside.name} - `)));
	}
}

function give(files) {
	const input = one("#wj-upload input[type=file]");
	const all = new DataTransfer();
	for (const file of files) all.items.add(file);
	input.files = all.files;
	input.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener(
	"drop",
	async (event) => {
		if (!event.target.closest?.("#wj-drop")) return;
		const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
		if (!entries.some((entry) => entry.isDirectory)) return; // plain files are Gradio's
		event.preventDefault();
		event.stopPropagation();
		give((await Promise.all(entries.map((entry) => filesOf(entry)))).flat());
	},
	true,
);

async function copy(text, button) {
	await navigator.clipboard.writeText(text);
	const label = button.textContent;
	if (label === button.dataset.done) return;
	button.textContent = button.dataset.done;
	setTimeout(() => (button.textContent = label), 1600);
}

window.wenjuRooms.intake = intake;

// The page of the PDF beside the text turns.
function sheet(data, target) {
	const shown = target.closest(".wj-sheet");
	const page = Math.min(Number(shown.dataset.pages), Math.max(1, Number(shown.dataset.page) + Number(data.step)));
	const picture = one("img", shown);
	const label = one("summary span", shown);
	for (const [name, text] of [["src", picture.getAttribute("src")], ["alt", picture.alt]]) {
		picture.setAttribute(name, text.replace(name === "src" ? /page\/\d+/ : /\d+/, name === "src" ? `page/${page}` : page));
	}
	label.textContent = label.textContent.replace(/\d+/, page);
	shown.dataset.page = page;
}

const acts = {
	sheet,
	stop: (data) => trigger("stop", data),
	tidy: () => trigger("tidy", {}),
	remove: (data) => {
		wenju().page.busy(true);
		trigger("takeout", { ...data, wanted: one("#wj-wanted input, #wj-wanted textarea")?.value ?? "" });
	},
	restore: (data) => trigger("restore", data),
	folder: () => {
		const input = Object.assign(document.createElement("input"), { type: "file", webkitdirectory: true });
		input.onchange = () => {
			const shown = [...input.files].filter((file) => !file.webkitRelativePath.split("/").some((part) => part.startsWith(".")));
			give(shown.map((file) => new File([file], file.webkitRelativePath.split("/").slice(1).join(" - "), { type: file.type })));
		};
		input.click();
	},
	cite: (data, target) => copy(data[one("#wj-facets [name=style]")?.value ?? "plain"] ?? data.plain, target),
	unnarrow: () => {
		for (const field of all("#wj-facets .wj-facet-fields :is(input, select)")) field.value = "";
		lookSoon();
	},
};

// --- typing, choosing, the keyboard ---

document.addEventListener("input", (event) => {
	if (event.target.closest?.("#wj-lookup-box") && !event.isComposing) lookSoon();
	if (event.target.name === "style") localStorage.setItem(STYLE, event.target.value);
	else if (event.target.closest?.("#wj-facets")) lookSoon();
});
document.addEventListener("compositionend", (event) => {
	if (event.target.closest?.("#wj-lookup-box")) lookSoon();
});
document.addEventListener("submit", (event) => {
	if (event.target.closest?.("#wj-facets")) event.preventDefault();
});

function move(by) {
	const found = hits();
	const at = found.indexOf(document.activeElement.closest?.(".wj-found-hit")?.querySelector(".wj-open"));
	if (at + by < 0) box()?.focus();
	else (found[at + by] ?? document.activeElement).focus();
}

document.addEventListener("keydown", (event) => {
	if (event.defaultPrevented || root.dataset.view !== "lookup" || event.isComposing || event.metaKey || event.ctrlKey || event.altKey) return;
	const inBox = Boolean(event.target.closest?.("#wj-lookup-box"));
	const hit = event.target.closest?.(".wj-found-hit");
	if (event.key === "ArrowDown" && (inBox || hit)) move(1);
	else if (event.key === "ArrowUp" && hit) move(-1);
	else if (event.key === "Enter" && inBox) hits()[0]?.click();
	else if (event.key === "Escape" && !root.hasAttribute("data-open") && hit) box()?.focus();
	else if (event.key === "c" && hit) one("[data-act=cite]", hit)?.click();
	else return;
	event.preventDefault();
});
