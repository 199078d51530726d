//! Extra sources, each read with an account's own one as if they were one.

use std::sync::Arc;

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{AccountName, Item},
    source::{Batch, Cursor, Problem, ProblemKind, Source},
};
use jiff::Timestamp;

/// Extra sources, by the account that each is read with. They keep no cursor: each poll of theirs gives all that they have.
pub(crate) type ExtraSources = [(AccountName, Arc<dyn Source>)];

/// An account's own source, read with the extra ones of that account. An account that has none of its own is not watched.
pub(crate) fn with_extra(
    own: Option<Arc<dyn Source>>,
    account: &AccountName,
    extra: &ExtraSources,
) -> Option<Arc<dyn Source>> {
    let of_account = extra.iter().filter(|(name, _)| name == account);
    own.map(|own| {
        of_account.fold(own, |own, (_, extra)| Arc::new(Combined { own, extra: Arc::clone(extra) }))
    })
}

/// Reads an account's own source and an extra one as one batch.
struct Combined {
    own: Arc<dyn Source>,
    extra: Arc<dyn Source>,
}

#[async_trait]
impl Source for Combined {
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let mut batch = self.own.poll(since, now).await?;
        match self.extra.poll(None, now).await {
            Ok(Batch { snapshots, gone, deleted_runs, complete, emptied, replaced, problems, .. }) => {
                batch.snapshots.extend(snapshots);
                batch.gone.extend(gone);
                batch.deleted_runs.extend(deleted_runs);
                batch.complete.extend(complete);
                batch.emptied.extend(emptied);
                batch.replaced.extend(replaced);
                batch.problems.extend(problems);
            }
            Err(error) => {
                let problem = Problem::new(ProblemKind::NotSeen, "an extra source", error.to_string());
                batch.problems.push(problem);
            }
        }
        Ok(batch)
    }

    fn watches(&self, item: &Item) -> bool {
        self.own.watches(item) || self.extra.watches(item)
    }

    fn with_notes(&self, cursor: Option<&Cursor>, notes: &[String]) -> Option<Cursor> {
        self.own.with_notes(cursor, notes)
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        item::{ApprovalState, Kind},
        source::Scope,
    };

    use super::*;

    /// Gives one item, and the number of its polls as its cursor; a note counts for one.
    struct Fixed(Item);

    #[async_trait]
    impl Source for Fixed {
        async fn poll(&self, since: Option<&Cursor>, _: Timestamp) -> Result<Batch, ServiceError> {
            let before = since.map_or(0, |cursor| cursor.0.parse::<u32>().unwrap());
            Ok(Batch {
                snapshots: vec![self.0.clone()],
                complete: vec![Scope::all(self.0.key.kind)],
                cursor: Some(Cursor((before + 1).to_string())),
                ..Batch::default()
            })
        }

        fn watches(&self, item: &Item) -> bool {
            item.key == self.0.key
        }

        fn with_notes(&self, cursor: Option<&Cursor>, notes: &[String]) -> Option<Cursor> {
            let before: usize = cursor?.0.parse().unwrap();
            Some(Cursor((before + notes.len()).to_string()))
        }
    }

    #[tokio::test]
    async fn both_are_read_and_the_cursor_is_the_accounts_own() {
        let pull = crate::tests::pull(1, "Try it", &[]);
        let asked = crate::tests::approval("web", ApprovalState::Waiting);
        let fixed = |item: &Item| -> Arc<dyn Source> { Arc::new(Fixed(item.clone())) };
        let sources = [(AccountName::from("forge"), fixed(&asked)), ("ci".into(), fixed(&pull))];
        let both = with_extra(Some(fixed(&pull)), &"forge".into(), &sources).unwrap();
        let batch = both.poll(Some(&Cursor("4".into())), Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(batch.snapshots, [pull.clone(), asked.clone()]);
        assert_eq!(batch.complete, [Scope::all(Kind::PullRequest), Scope::all(Kind::Approval)]);
        assert_eq!(batch.cursor, Some(Cursor("5".into())));
        let noted = both.with_notes(Some(&Cursor("4".into())), &["a".into(), "b".into()]);
        assert_eq!(noted, Some(Cursor("6".into())), "webhooks are the account's own");
        assert_eq!(both.with_notes(None, &["a".into()]), None);
        assert!(both.watches(&pull) && both.watches(&asked));
        assert!(!both.watches(&crate::tests::pull(2, "Another", &[])));
        assert!(with_extra(None, &"ci".into(), &sources).is_none(), "it has no source of its own");
        let own = fixed(&pull);
        let alone = with_extra(Some(Arc::clone(&own)), &"chat".into(), &sources).unwrap();
        assert!(Arc::ptr_eq(&alone, &own), "no extra one is read with it");
    }

    /// Cannot be read.
    struct Failing;

    #[async_trait]
    impl Source for Failing {
        async fn poll(&self, _: Option<&Cursor>, _: Timestamp) -> Result<Batch, ServiceError> {
            Err(ServiceError::unavailable("it is down"))
        }

        fn watches(&self, _: &Item) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn own_batch_is_kept_where_an_extra_source_fails() {
        let pull = crate::tests::pull(1, "Try it", &[]);
        let (own, failing): (Arc<dyn Source>, Arc<dyn Source>) =
            (Arc::new(Fixed(pull.clone())), Arc::new(Failing));
        let poll = async |own: &Arc<dyn Source>, extra: &Arc<dyn Source>| {
            let sources = [(AccountName::from("forge"), Arc::clone(extra))];
            let both = with_extra(Some(Arc::clone(own)), &"forge".into(), &sources).unwrap();
            both.poll(None, Timestamp::UNIX_EPOCH).await
        };
        let batch = poll(&own, &failing).await.unwrap();
        assert_eq!((batch.snapshots, batch.complete), (vec![pull], vec![Scope::all(Kind::PullRequest)]));
        assert_eq!(batch.cursor, Some(Cursor("1".into())));
        let [problem] = &batch.problems[..] else { panic!("one problem: {:?}", batch.problems) };
        assert!(problem.kind == ProblemKind::NotSeen && problem.why.contains("it is down"), "{problem}");
        assert!(poll(&failing, &own).await.is_err(), "the account itself cannot be read");
    }
}
