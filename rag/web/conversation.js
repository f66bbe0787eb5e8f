// The conversation and its history: goes on where page.js ends, in the same function.

Object.assign(window.wenju, {
	stopped() {
		busy(false);
		root.removeAttribute("data-asking");
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
