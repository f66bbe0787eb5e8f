
// --- the map: points on a canvas; nothing of a document becomes markup here ---

const PIGMENTS = ["#2f7f93", "#c1663a", "#6b8f3a", "#8a5aa8", "#c7962b", "#b0476a", "#4d6fb5", "#5f8f80", "#8c8c86"];
const POINT = 2.4; // pixels
const chart = { n: 0, scale: 1, x: 0, y: 0, hits: [], place: null, loaded: false };
const canvas = () => one("#wj-canvas");
const colouring = () => one("#wj-map-controls [name=colour]")?.value ?? "document";

async function loadChart() {
	const data = await (await fetch("wenju/map")).arrayBuffer();
	const size = new DataView(data).getUint32(0, true);
	const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, size)));
	const n = head.n ?? 0;
	const start = 4 + size;
	Object.assign(chart, head, { n, loaded: true, pending: false });
	if (!n) return paint();
	chart.ids = new Uint32Array(data, start, n);
	chart.document = new Uint32Array(data, start + 4 * n, n);
	chart.xs = new Uint16Array(data, start + 8 * n, n);
	chart.ys = new Uint16Array(data, start + 10 * n, n);
	chart.language = new Uint16Array(data, start + 12 * n, n);
	sortColours();
	paint();
}

// Which pigment each point has, and the points in the order of their pigments: few changes while drawing.
function sortColours() {
	if (!chart.n) return;
	const byLanguage = colouring() === "language";
	const values = byLanguage ? chart.language : chart.document;
	const names = byLanguage ? chart.languages.map((both) => both[root.dataset.tongue === "zh" ? 0 : 1]) : chart.documents.map((one) => one[1]);
	const counts = new Uint32Array(names.length);
	for (let i = 0; i < chart.n; i += 1) counts[values[i]] += 1;
	const ranked = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
	const last = PIGMENTS.length - 1;
	const pigment = new Uint8Array(names.length).fill(last);
	ranked.slice(0, last).forEach((value, rank) => (pigment[value] = rank));
	chart.groups = PIGMENTS.map(() => []);
	for (let i = 0; i < chart.n; i += 1) chart.groups[pigment[values[i]]].push(i);
	const rows = ranked.slice(0, last).map((value, rank) => [names[value], PIGMENTS[rank]]);
	if (ranked.length > last) rows.push([one("#wj-legend").dataset[root.dataset.tongue], PIGMENTS[last]]);
	one("#wj-legend").replaceChildren(
		...rows.map(([name, colour]) => {
			const row = document.createElement("li");
			const swatch = document.createElement("i");
			swatch.style.background = colour;
			row.append(swatch, document.createTextNode(name));
			return row;
		}),
	);
}

// Where the chart's lower left corner is on the canvas, and how many pixels a step of its numbers takes.
function frame() {
	const across = ((chart.width - 24) * chart.scale) / 65535;
	const along = ((chart.height - 24) * chart.scale) / 65535;
	return { across, along, left: chart.width / 2 + chart.x - across * 32767.5, bottom: chart.height / 2 + chart.y + along * 32767.5 };
}

function toScreen(x, y) {
	const { left, bottom, across, along } = frame();
	return [left + (x + 1) * 32767.5 * across, bottom - (y + 1) * 32767.5 * along];
}

let painting = 0;
function paint() {
	cancelAnimationFrame(painting);
	painting = requestAnimationFrame(draw);
}

function draw() {
	const element = canvas();
	if (!element || root.dataset.view !== "map") return;
	const ratio = window.devicePixelRatio || 1;
	Object.assign(chart, { width: element.clientWidth, height: element.clientHeight });
	if (element.width !== Math.round(chart.width * ratio)) element.width = Math.round(chart.width * ratio);
	if (element.height !== Math.round(chart.height * ratio)) element.height = Math.round(chart.height * ratio);
	element.setAttribute("aria-label", element.dataset[root.dataset.tongue]);
	const pen = element.getContext("2d");
	pen.setTransform(ratio, 0, 0, ratio, 0, 0);
	pen.clearRect(0, 0, chart.width, chart.height);
	if (!chart.n) return;
	const { left, bottom, across, along } = frame();
	const size = POINT * Math.min(2.2, Math.sqrt(chart.scale)) * (chart.n > 5000 ? 0.8 : 1.5);
	const faint = chart.hits.length > 0;
	pen.globalAlpha = faint ? 0.35 : 0.75;
	chart.groups.forEach((group, pigment) => {
		pen.fillStyle = PIGMENTS[pigment];
		for (const i of group) {
			const x = left + chart.xs[i] * across;
			const y = bottom - chart.ys[i] * along;
			if (x > -4 && y > -4 && x < chart.width + 4 && y < chart.height + 4) pen.fillRect(x - size / 2, y - size / 2, size, size);
		}
	});
	pen.globalAlpha = 1;
	const ink = getComputedStyle(element).color;
	const wanted = new Set(chart.hits);
	for (let i = 0; faint && i < chart.n; i += 1) {
		if (wanted.has(chart.ids[i])) circle(pen, left + chart.xs[i] * across, bottom - chart.ys[i] * along, 5, ink, "#e3b020");
	}
	if (chart.place) circle(pen, ...toScreen(...chart.place), 8, "#fff", "#a83226");
}

function circle(pen, x, y, radius, line, fill) {
	pen.beginPath();
	pen.arc(x, y, radius, 0, 2 * Math.PI);
	pen.fillStyle = fill;
	pen.fill();
	pen.strokeStyle = line;
	pen.lineWidth = 1.5;
	pen.stroke();
}

// The point nearest to a place on the canvas, -1 where none is within ten pixels.
function nearest(x, y, within = 10) {
	if (!chart.n) return -1;
	const { left, bottom, across, along } = frame();
	let best = -1;
	let least = within * within;
	for (let i = 0; i < chart.n; i += 1) {
		const distance = (left + chart.xs[i] * across - x) ** 2 + (bottom - chart.ys[i] * along - y) ** 2;
		if (distance < least) [best, least] = [i, distance];
	}
	return best;
}

function zoom(by, x, y) {
	const scale = Math.min(60, Math.max(0.8, chart.scale * by));
	const grown = scale / chart.scale;
	chart.x = (chart.x - (x - chart.width / 2)) * grown + (x - chart.width / 2);
	chart.y = (chart.y - (y - chart.height / 2)) * grown + (y - chart.height / 2);
	chart.scale = scale;
	paint();
}

function tip(i, x, y) {
	const shown = one("#wj-map-tip");
	shown.hidden = i < 0;
	if (i < 0) return;
	shown.textContent = chart.documents[chart.document[i]][1];
	shown.style.insetInlineStart = `${Math.min(x + 14, chart.width - 180)}px`;
	shown.style.top = `${y + 14}px`;
}

function openPoint(i) {
	if (i >= 0) wenju().page.open({ document: chart.documents[chart.document[i]][0], passage: String(chart.ids[i]) });
}

function markTabs() {
	for (const link of all(".wj-tabs a")) {
		if (link.dataset.view === root.dataset.view) link.setAttribute("aria-current", "page");
		else link.removeAttribute("aria-current");
	}
}

window.wenjuRooms.map = {
	enter: () => trigger("survey", {}),
	surveyed() {
		wenju().page.busy(false);
		markTabs();
		loadChart();
	},
	drawn() {
		wenju().page.busy(false);
		const near = one("#wj-near .wj-near");
		chart.hits = JSON.parse(near?.dataset.ids ?? "[]");
		chart.place = JSON.parse(near?.dataset.place ?? "null");
		paint();
	},
	state: chart,
};

let dragged = null;
document.addEventListener("pointerdown", (event) => {
	if (event.target === canvas()) dragged = { x: event.clientX, y: event.clientY, far: 0 };
});
document.addEventListener("pointermove", (event) => {
	if (dragged) {
		const [dx, dy] = [event.clientX - dragged.x, event.clientY - dragged.y];
		Object.assign(dragged, { x: event.clientX, y: event.clientY, far: dragged.far + Math.abs(dx) + Math.abs(dy) });
		chart.x += dx;
		chart.y += dy;
		tip(-1);
		paint();
	} else if (event.target === canvas() && chart.n) {
		const i = nearest(event.offsetX, event.offsetY);
		event.target.style.cursor = i < 0 ? "grab" : "pointer";
		tip(i, event.offsetX, event.offsetY);
	}
});
document.addEventListener("pointerup", (event) => {
	if (dragged && dragged.far < 4 && event.target === canvas()) openPoint(nearest(event.offsetX, event.offsetY));
	dragged = null;
});
document.addEventListener(
	"wheel",
	(event) => {
		if (event.target !== canvas()) return;
		event.preventDefault();
		zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
	},
	{ passive: false },
);
document.addEventListener("keydown", (event) => {
	if (event.target !== canvas()) return;
	const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
	if (moves[event.key]) {
		chart.x += moves[event.key][0];
		chart.y += moves[event.key][1];
		paint();
	} else if (event.key === "+" || event.key === "=") zoom(1.4, chart.width / 2, chart.height / 2);
	else if (event.key === "-") zoom(1 / 1.4, chart.width / 2, chart.height / 2);
	else if (event.key === "Enter") openPoint(nearest(chart.width / 2, chart.height / 2, 200));
	else return;
	event.preventDefault();
});
document.addEventListener("input", (event) => {
	if (event.target.name === "colour") {
		sortColours();
		paint();
	}
});
let asking = 0;
document.addEventListener("input", (event) => {
	if (!event.target.closest?.("#wj-map-box") || event.isComposing) return;
	clearTimeout(asking);
	asking = setTimeout(() => trigger("near", { q: event.target.value }), 300);
});
new MutationObserver(paint).observe(document.body, { attributes: true, attributeFilter: ["class"] });
window.addEventListener("resize", paint);

// --- judging ---

window.wenjuRooms.evaluate = {
	enter: () => trigger("judged", {}),
	shown() {
		wenju().page.busy(false);
		markTabs();
	},
};
acts.judge = (data, target) => {
	for (const button of all("[data-act=judge]", target.parentElement)) button.setAttribute("aria-pressed", String(button === target));
	trigger("judge", data);
};
acts.measure = () => {
	wenju().page.busy(true);
	trigger("measure", {});
};

// page.js runs after this or before it.
(function register() {
	if (window.wenju?.page) Object.assign(window.wenju.page.acts, acts);
	else setTimeout(register, 10);
})();
intake.look(); // what was on its way when the page was closed
