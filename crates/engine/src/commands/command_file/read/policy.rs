//! What goes around a run: what guards it, where its outcome goes, and how it is reported.

use callboard_domain::{
    command::{CommandSpec, Policy},
    expression::{Name, Type},
    template::{self, Template},
};

use super::{
    super::{
        command::{Link, OutcomeTemplates},
        table,
    },
    BODY, EXIT, OK, OUTPUT, Reader, STATUS,
};
use crate::{
    commands::values::names,
    config::{
        ROOM, STAND_IN,
        Step::{self, Key},
        unknown,
    },
};

impl Reader<'_, '_> {
    pub(super) fn policy(&mut self, spec: &mut CommandSpec) {
        let Some(table) = self.read::<table::Policy>(&[Key("policy")]) else { return };
        let steps = |key| [Key("policy"), Key(key)];
        if table.approve.is_some() {
            let what =
                "approvals are not there yet; until then ask with confirm = \"'yes'\" or \"'type:ARGUMENT'\"";
            self.fault(&steps("approve"), what);
        }
        let args = spec.clone();
        let scope = names(&args);
        if let Some(confirm) = &table.confirm
            && self.expression(&steps("confirm"), confirm, &scope, Type::Text).is_some()
        {
            for (at, arg) in typed_args(confirm) {
                if spec.find_arg(arg).is_none() {
                    let what = unknown("argument", arg, scope.iter().map(|name| name.name));
                    let column = confirm[..at].chars().count() + 1;
                    self.fault_in(&steps("confirm"), confirm, (1, column), what);
                }
            }
        }
        if let Some(lock) = &table.lock {
            self.template(&steps("lock"), lock, &scope);
        }
        if let Some(post) = &table.post
            && let Some(template) = self.template(&steps("post"), post, &scope)
            // What a template will name is known only when it is rendered; it is resolved then.
            && template.is_literal()
            && let Err(what) = self.config.address(post)
        {
            self.fault(&steps("post"), what);
        }
        spec.policy = Policy { post: table.post, confirm: table.confirm, lock: table.lock };
    }

    pub(super) fn result(&mut self, spec: &CommandSpec, is_exec: bool) -> OutcomeTemplates {
        let Some(table) = self.read::<table::Result>(&[Key("result")]) else {
            return OutcomeTemplates::default();
        };
        let steps = |key| [Key("result"), Key(key)];
        let own: &[Name<'_>] = if is_exec { &[BODY, EXIT, OUTPUT] } else { &[BODY, STATUS] };
        let scope = [names(spec), own.to_vec()].concat();
        let ok = table.ok.and_then(|ok| self.expression(&steps("ok"), &ok, &scope, Type::Bool));
        let with_ok = [scope.as_slice(), &[OK]].concat();
        let summary = table.summary.and_then(|summary| self.template(&steps("summary"), &summary, &with_ok));
        let link = table.link.and_then(|link| self.link(&steps("link"), &link, &scope));
        OutcomeTemplates { ok, summary, link }
    }

    /// A URL with values in it, or one that the answer or an item gives.
    fn link(&mut self, steps: &[Step<'_>], text: &str, scope: &[Name<'_>]) -> Option<Link> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return self.template(steps, text, scope).map(Link::Written);
        }
        let items: Vec<String> = self.items.iter().map(|item| format!("{item}.url")).collect();
        let urls =
            items.iter().map(|url| Name { name: url, ty: Type::Text, values: &[], meaning: "an item's URL" });
        let scope: Vec<_> = std::iter::once(BODY).chain(urls).collect();
        let expected = "a URL, such as \"https://ops.example/{{ app }}\" or \"{{ body.url }}\"";
        let template = self.given_template(steps, text, &scope, expected)?;
        let of_no_field = template.names().into_iter().find(|found| self.items.contains(&found.name));
        match of_no_field {
            None => Some(Link::Given(template)),
            Some(template::Name { line, column, name }) => {
                let what = format!("`{name}` is no URL: write `{name}.url`");
                self.fault_in(steps, text, (line, column), what);
                None
            }
        }
    }

    /// A place that a service alone gives, by these names: no value that a person types has a say in where it leads.
    pub(super) fn given_template(
        &mut self,
        steps: &[Step<'_>],
        text: &str,
        scope: &[Name<'_>],
        expected: &str,
    ) -> Option<Template> {
        if !text.trim_start().starts_with("{{") {
            self.fault(steps, format!("expected {expected}"));
            return None;
        }
        self.template(steps, text, scope)
    }

    pub(super) fn account(&mut self, steps: &[Step<'_>], name: &str) {
        if name == ROOM {
            self.fault(steps, format!("the built-in `{ROOM}` has no HTTP API; name an account"));
        } else if name != STAND_IN && !self.config.has_account(&name.into()) {
            let what = unknown("account", name, self.config.account_names());
            self.fault(steps, what);
        }
    }
}

/// The arguments that `'type:ARGUMENT'` texts in an expression name, with where.
fn typed_args(confirm: &str) -> impl Iterator<Item = (usize, &str)> {
    confirm.match_indices("type:").filter_map(|(at, found)| {
        let at = at + found.len();
        let rest = &confirm[at..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        (length > 0).then(|| (at, &rest[..length]))
    })
}
