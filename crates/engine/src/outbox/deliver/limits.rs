//! How long things may take, and how many are done at once.

use std::time::Duration;

/// The shortest time between two looks at what is due: while much is taken in, most changes are of something else.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The longest: the clock may be set meanwhile.
pub(super) const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(30);
/// How many messages of one account are sent at once: to a channel one of events and runs, and one of a person.
pub(super) const SENT_AT_ONCE: u32 = 8;
/// How many messages of one account are looked up at once.
pub(super) const LOOKED_UP_AT_ONCE: u32 = 2;
/// How long one call may take; after it the message may have arrived. Longer than the HTTP client's own limit.
pub(super) const CALL_TIME: Duration = Duration::from_secs(40);
/// The wait before it is looked for again, where the search got no answer.
pub(super) const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// The wait of a message whose account turned out to lack something after it was claimed.
pub(super) const WAIT_FOR_ACCOUNT: Duration = Duration::from_secs(30);
/// The waits between two tries to record an attempt, where the store cannot be written.
pub(super) const RECORD_AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
