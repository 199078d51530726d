//! What every connector must keep, as one table that each connector's tests run through [`Subject::check`].
//!
//! - Every error of the service comes out as the right [`ServiceError`], from every call.
//! - A write whose answer is lost, or another than the service documents, is `Unknown`, and is not sent again.
//! - No secret appears in an error, a log, a preview or a result, even where the service repeats it.
//! - An answer with nothing in its lists, with unknown fields, or in another charset hides nothing.
//! - An answer in another form is no sign-in, whatever its status.
//! - No list (`null`) is not an empty list: what is missing because of it is reported, and not taken to be over.
//! - What may not be a whole answer (203, 206 ...) is no evidence that anything is over.
//! - No credential follows a redirect to another host.
//! - A call can be dropped at any time, and lets go of its connection.
//! - A webhook is taken from its sender only, and reports what a poll reports. Choices are offered.
//! - A second poll finds nothing new. A chat does what its limits declare, and a message keeps them. A command's spec is sound.

mod chat;
mod connections;
mod errors;
mod hooks;
mod in_full;
mod odd;
mod proxy;
mod redirects;
mod secrecy;
mod subject;
mod work;

use self::secrecy::{Log, assert_no_secret};
pub(crate) use self::{
    connections::raw,
    secrecy::{SECRET, USER},
    subject::{Hooks, RecordedProgress, Subject, access, access_with, args, now},
};

impl Subject {
    /// Runs the whole table.
    pub(crate) async fn check(&self) {
        let log = Log::default();
        let _guard = log.capture();
        self.checks_its_commands().await;
        self.works_and_finds_nothing_new().await;
        self.hooks_are_proved_and_agree_with_polls().await;
        self.choices_are_offered().await;
        self.errors_have_their_kind().await;
        self.lost_writes_are_unknown_and_not_repeated().await;
        self.credentials_stay_home().await;
        self.odd_answers_hide_nothing().await;
        self.another_form_is_no_sign_in().await;
        self.no_list_is_not_an_empty_one().await;
        self.only_200_is_an_answer_in_full().await;
        self.dropped_runs_close_their_connections().await;
        self.keeps_the_limits().await;
        self.declared_limits_hold().await;
        assert_no_secret("the log", &log.text());
    }
}
