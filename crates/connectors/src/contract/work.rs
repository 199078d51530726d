//! A connector does what it offers: its commands are sound, every call works, a second poll finds nothing new.

use callboard_domain::{
    command::{Args, check_all},
    event::compare,
};

use super::{
    secrecy::assert_no_secret,
    subject::{Subject, now},
};

impl Subject {
    pub(super) async fn checks_its_commands(&self) {
        let connection = self.connect("http://127.0.0.1:9");
        let names: Vec<_> = connection.actions.iter().map(|action| action.spec().name.clone()).collect();
        let problems = check_all(connection.actions.iter().map(|action| action.spec()));
        assert!(problems.is_empty(), "{problems:#?}");
        for action in &connection.actions {
            let spec = action.spec();
            assert!(self.runs.iter().any(|(name, _)| *name == spec.name), "{} is not under test", spec.name);
            assert!(!spec.examples.is_empty(), "{} has no example", spec.name);
        }
        for (name, args) in &self.runs {
            assert!(names.iter().any(|known| known == name), "there is no {name}: {names:?}");
            let action = connection.actions.iter().find(|action| action.spec().name == *name).unwrap();
            let steps = action.preview(args, now()).expect(name);
            assert!(!steps.is_empty(), "{name} has an empty preview");
            assert_no_secret("the preview", &format!("{steps:?}"));
        }
    }

    pub(super) async fn choices_are_offered(&self) {
        let server = self.good_service().await;
        let connection = self.connect(&server.uri());
        for (name, arg, value) in &self.choices {
            let action = connection.actions.iter().find(|action| action.spec().name == *name).expect(name);
            assert!(action.spec().find_arg(arg).is_some(), "{name} takes no {arg}");
            let offered = action.choices(arg, &Args::default()).await.unwrap();
            assert!(offered.iter().any(|choice| choice.value == *value), "{name} {arg}: {offered:?}");
        }
    }

    pub(super) async fn works_and_finds_nothing_new(&self) {
        let server = self.good_service().await;
        let connection = self.connect(&server.uri());
        for call in self.calls() {
            let came = self.perform(&connection, &call).await;
            assert_no_secret(&format!("{call:?}"), &format!("{came:?}"));
            assert!(came.is_ok(), "{call:?}: {came:?}");
        }
        if let Some(source) = &connection.source {
            let first = source.poll(None, now()).await.unwrap();
            assert!(!first.snapshots.is_empty(), "there is nothing to watch");
            let again = source.poll(first.cursor.as_ref(), now()).await.unwrap();
            for item in again.snapshots {
                let known = first.snapshots.iter().find(|known| known.key == item.key);
                let stored = known.map(|known| compare(None, known.clone()).item);
                let change = compare(stored.as_ref(), item);
                assert!(
                    !change.changed && change.transitions.is_empty(),
                    "the second poll finds {change:#?}"
                );
            }
            assert_eq!(again.problems, first.problems);
        }
    }
}
