// The calls of the engine and their types. Made whole from crates/engine/src/api by `cargo xtask types`, hence one long
// file: change them there.

/**
 * Why an account takes no messages.
 */
export type AccountError = { 
/**
 * Since when it is this.
 */
since: string, 
/**
 * What the last message met.
 */
error: ServiceError, };

/**
 * An account and how it is.
 */
export type AccountInfo = { 
/**
 * Its name.
 */
name: AccountName, 
/**
 * Its service.
 */
service: string, 
/**
 * How it is.
 */
health: Health, 
/**
 * Who it acts as, once known.
 */
identity: Identity | null, 
/**
 * Where its items come from: the same on every machine that sees them, whatever the account is called there. With an item's
 * kind and id it is the same item's key everywhere. `None` where it is not known (yet).
 */
origin?: ItemOrigin | null, 
/**
 * Whom of `[people]` it acts as, where that lists them.
 */
person?: PersonId | null, 
/**
 * The calls that are left in the service's rate limit. `None` too while the service limits the account.
 */
rate_limit: RateLimit | null, 
/**
 * When it was last read in full.
 */
last_ok: string | null, 
/**
 * How far it is, while it is read in parts for the first time (as it is set up, since the start): the rest is not on the board.
 */
reading: Progress | null, 
/**
 * Parts of it that cannot be read, in plain words.
 */
problems: Array<Problem>, 
/**
 * Where its secrets are kept.
 */
secrets: SecretBackend, 
/**
 * True where it is watched, once it has all that it needs.
 */
watched: boolean, 
/**
 * The kinds of items that it has then; none where it is not watched.
 */
kinds?: Array<Kind>, 
/**
 * Its settings, as its table in the configuration has them.
 */
settings: { [key in string]: JsonValue }, 
/**
 * The names of its secrets that are set.
 */
secrets_set: Array<string>, 
/**
 * The names of the secrets of which one is to be set before it can be used; none where that is not what it lacks.
 */
missing_secrets?: Array<string>, 
/**
 * Whether it signs in with one of its secrets. `None` where they could not be read.
 */
has_credential?: boolean | null, };

/**
 * The name a person gave an account in the configuration, such as `forge`.
 */
export type AccountName = string;

/**
 * An account in trouble, in a line.
 */
export type AccountProblem = { 
/**
 * Which.
 */
account: AccountName, 
/**
 * "needs sign-in", "lacks a permission", "cannot be reached", "lacks workflow".
 */
what: string, };

/**
 * The accounts and how they are.
 */
export type AccountsQuery = Record<symbol, never>;

/**
 * What happened in the last days, in numbers.
 */
export type Activity = { 
/**
 * One each, the oldest first.
 */
days: Array<ActivityDay>, 
/**
 * The middle time from red to green of a branch, in seconds, over all days.
 */
time_to_green: number | null, 
/**
 * The middle time from opened to the first review, in seconds.
 */
time_to_review: number | null, 
/**
 * The middle time from triggered to acknowledged, in seconds.
 */
time_to_acknowledge: number | null, 
/**
 * How many events and runs, of these days as far as is known, are stored and cannot be read: they are not counted.
 */
unreadable: number, };

/**
 * A day in numbers.
 */
export type ActivityDay = { 
/**
 * Which, as `2026-11-22`.
 */
date: string, 
/**
 * Builds that passed.
 */
passed: number, 
/**
 * Builds that failed.
 */
failed: number, 
/**
 * Runs of commands.
 */
runs: number, 
/**
 * The middle times of what ended on that day, in seconds.
 */
time_to_green: number | null, 
/**
 * See [`Activity::time_to_review`].
 */
time_to_review: number | null, 
/**
 * See [`Activity::time_to_acknowledge`].
 */
time_to_acknowledge: number | null, };

/**
 * What happened in the last days, in numbers.
 */
export type ActivityQuery = { 
/**
 * How many days, today included; at most 90.
 */
days: number, 
/**
 * The time zone that days are counted in; the owner's where it is not given.
 */
zone: string | null, };

/**
 * Who asks for something, and through what. Every call that changes something takes one, and what it changes keeps it.
 */
export type Actor = { 
/**
 * Who.
 */
principal: Principal, 
/**
 * Through what.
 */
via: Via, };

/**
 * Writes an account to the configuration, keeps its secrets, and connects it. Nothing is kept where something of it is
 * refused.
 */
export type AddAccount = { 
/**
 * What it is to be called.
 */
name: AccountName, 
/**
 * Its service.
 */
service: string, 
/**
 * Its settings.
 */
settings: { [key in string]: JsonValue }, 
/**
 * Its secrets by name.
 */
secrets: { [key in string]: Secret }, };

/**
 * A channel of an account, written `ACCOUNT:CHANNEL`, such as `chat:#deploys` or `room:general`.
 */
export type Address = string;

/**
 * A person's latest answer to a request.
 */
export type Answer = { 
/**
 * When, where the service says: of two answers of a person the later one counts.
 */
at: string | null, 
/**
 * What they decided.
 */
decision: ApprovalDecision, 
/**
 * Who.
 */
by: User, 
/**
 * Why, in their words.
 */
why?: string, };

/**
 * Why a call failed.
 */
export type ApiError = { "kind": "line", 
/**
 * What is wrong with the line.
 */
error: ArgError, } | { "kind": "usage", 
/**
 * What was wrong and what would be right.
 */
message: string, } | { "kind": "config", 
/**
 * Everything that is wrong.
 */
errors: Array<ConfigError>, } | { "kind": "rules", 
/**
 * Everything that is wrong, each with its place.
 */
message: string, 
/**
 * The same for programs.
 */
faults: Array<RuleFault>, } | { "kind": "confirm", 
/**
 * What to confirm, and how.
 */
message: string, } | { "kind": "changed", 
/**
 * What has changed since, and what to do.
 */
message: string, 
/**
 * The same for programs.
 */
changed: Array<Changed>, } | { "kind": "service", 
/**
 * The account.
 */
account: string, 
/**
 * How.
 */
error: ServiceError, } | { "kind": "internal", 
/**
 * What, and what to do.
 */
message: string, };

/**
 * A request that waits for a person's yes: a deployment to a protected environment, an input step of a job, a command that
 * needs a second pair of eyes.
 *
 * A snapshot may be partial: what it does not know is `None`, which is never the same as nothing or nobody. What is asked
 * for, by whom and with which binding does not change: another binding is another request, and supersedes this one.
 */
export type Approval = { 
/**
 * The repository, job or service that it belongs to.
 */
repo: string, 
/**
 * Where a yes would take effect, such as `production`.
 */
environment?: string, 
/**
 * Who asked.
 */
asked_by?: User, 
/**
 * When it was asked. What is asked later under the same id is another request, for which no earlier answer counts: a
 * source whose ids come again must say it.
 */
asked_at?: string, 
/**
 * How far it is.
 */
state: ApprovalState, 
/**
 * The service's version of `state`, or 1970 where it has none: the newer one wins, and on a tie the further state.
 */
updated_at: string, 
/**
 * Who brought it to this state.
 */
ended_by?: User, 
/**
 * Why it ended, in the words of the person who ended it, or what has changed since it was asked.
 */
ended_why?: string, 
/**
 * How many people have to say yes.
 */
needed?: AsOf<number>, 
/**
 * Until when it can be answered. `None` also where it does not expire.
 */
expires_at?: AsOf<string>, 
/**
 * Who may answer.
 */
approvers?: AsOf<Approvers>, 
/**
 * Whether the account that reads it may answer, where the service itself says so.
 */
account_may?: AsOf<boolean>, 
/**
 * Each person's latest answer, by id; at most [`ANSWERS_KEPT`]. A snapshot may hold any part:
 * answers are joined, never taken away.
 */
answers?: Array<Answer>, 
/**
 * The commit that a yes is for.
 */
commit?: string, 
/**
 * The arguments that a yes is for, by name.
 */
arguments?: { [key in string]: string }, 
/**
 * What else it waits for, such as a timer of its environment: a line each. Empty where it is known that nothing else is.
 */
conditions?: AsOf<Array<string>>, 
/**
 * What has to be answered along with a yes, such as the parameters of an input step; at most [`QUESTIONS_KEPT`].
 */
questions?: Array<Question>, 
/**
 * What a yes would ship.
 */
ships?: AsOf<Shipment>, 
/**
 * Why it is asked, in lines, in the words of the person who asks.
 */
description?: string, };

/**
 * What a person decided. Where two have the same time, the later in this list counts: in doubt it is not approved.
 */
export type ApprovalDecision = "approved" | "denied" | "withdrawn";

/**
 * The state of a request. Where two states have one version, the later in this list counts: in doubt nothing was approved.
 */
export type ApprovalState = "waiting" | "approved" | "expired" | "superseded" | "denied";

/**
 * Who may answer a request.
 */
export type Approvers = { 
/**
 * Login names, and `team/ORGANISATION/NAME` of the teams.
 */
names: Array<string>, 
/**
 * True where these are all: only then who is not among them may not answer.
 */
complete: boolean, };

/**
 * What is wrong with a typed line or an argument, and what would be right.
 */
export type ArgError = { "problem": "no_command", 
/**
 * What was typed.
 */
typed: string, 
/**
 * The nearest name.
 */
nearest: string | null, } | { "problem": "missing", 
/**
 * The command.
 */
command: string, 
/**
 * The argument.
 */
arg: string, 
/**
 * What it is.
 */
summary: string, 
/**
 * The word of the line that calls for it, where one does: its name, or the word that leads it.
 */
asked_by: string | null, } | { "problem": "unexpected", 
/**
 * The command.
 */
command: string, 
/**
 * What was typed.
 */
name: string, 
/**
 * The nearest argument.
 */
nearest: string | null, } | { "problem": "twice", 
/**
 * The argument.
 */
arg: string, 
/**
 * One value.
 */
first: string, 
/**
 * The other.
 */
second: string, } | { "problem": "invalid", 
/**
 * The argument.
 */
arg: string, 
/**
 * What would be right.
 */
expected: string, 
/**
 * What was typed.
 */
found: string, 
/**
 * The nearest right value.
 */
nearest: string | null, } | { "problem": "ambiguous", 
/**
 * The argument (or `command`, `account`).
 */
arg: string, 
/**
 * What was typed.
 */
found: string, 
/**
 * What it could be.
 */
candidates: Array<string>, } | { "problem": "several", 
/**
 * The argument.
 */
arg: string, 
/**
 * What was typed.
 */
found: string, 
/**
 * Some of what it could be.
 */
candidates: Array<string>, 
/**
 * How many things it could be.
 */
total: number, } | { "problem": "open_quote", 
/**
 * Counted from 1.
 */
at: number, };

/**
 * One argument.
 */
export type ArgSpec = { 
/**
 * Its name, as in `name=value`.
 */
name: string, 
/**
 * What it is, in a line.
 */
summary: string, 
/**
 * What it can be.
 */
ty: ArgType, 
/**
 * What it is where it is not given.
 */
default: string | null, 
/**
 * True where the command cannot run without it.
 */
required: boolean, };

/**
 * What an argument can be.
 */
export type ArgType = "text" | "number" | "bool" | "duration" | "time" | { "choice": Array<string> } | "live" | { "item": Kind } | "pairs";

/**
 * The arguments of a run.
 */
export type Args = { 
/**
 * By name. Those with a default are there even if not typed.
 */
values: { [key in string]: string }, 
/**
 * The items that [`ArgType::Item`](super::ArgType::Item) arguments named, by argument name, where they stand on the board.
 * Of one that takes several, the first.
 */
items: { [key in string]: Item }, 
/**
 * The further items of arguments that take several (see [`takes_several`](super::takes_several)), in the order typed.
 */
more_items?: { [key in string]: Array<Item> }, 
/**
 * What an [`ArgType::Pairs`](super::ArgType::Pairs) argument took, in the order typed.
 */
pairs: Array<[string, string]>, 
/**
 * What [`ArgType::Live`](super::ArgType::Live) arguments named, by argument name, where the service knows it by an id of
 * its own: their values are these ids then.
 */
named?: { [key in string]: Named }, };

/**
 * Something that may change, and as of when it was so: of two the later one counts.
 */
export type AsOf<T> = { 
/**
 * As of when: the service's version, or 1970 where it has none.
 */
at: string, 
/**
 * What was so.
 */
value: T, };

/**
 * Who was asked to take an incident.
 */
export type Assignment = { 
/**
 * As of when the service reports it: of two reports the later one counts.
 */
at: string, 
/**
 * Whom; empty where nobody is asked.
 */
to: Array<User>, 
/**
 * Who changed it, where the service says.
 */
by: User | null, };

/**
 * Where the chain of the audit log begins: its first entry follows from this.
 */
export type AuditCheckpoint = { 
/**
 * The number of the last entry before it, which is pruned, or older than the chain.
 */
n: number, 
/**
 * That entry's hash in hexadecimal digits; only zeros where it had none.
 */
hash: string, };

/**
 * What is wrong with the chain of the audit log.
 */
export type AuditDamage = { "damage": "changed", 
/**
 * Its number.
 */
id: number, } | { "damage": "not_chained", 
/**
 * Its number.
 */
id: number, } | { "damage": "missing", 
/**
 * The number of the first of them.
 */
first: number, 
/**
 * The number of the last of them.
 */
last: number, } | { "damage": "before_beginning", 
/**
 * Its number.
 */
id: number, } | { "damage": "no_checkpoint" } | { "damage": "other_head" };

/**
 * A change that somebody made.
 */
export type AuditEntry = { 
/**
 * Its number; later ones are greater.
 */
id: number, 
/**
 * When.
 */
at: string, 
/**
 * Who, and through what.
 */
actor: Actor, 
/**
 * What.
 */
what: AuditedChange, 
/**
 * What people call the alert that was changed: its key is a fingerprint. `None` where that is not on the record.
 */
called?: string, };

/**
 * A part of the audit log, as it is stored.
 */
export type AuditExport = { 
/**
 * Where the chain begins. `None` where that is not on the record any more.
 */
checkpoint: AuditCheckpoint | null, 
/**
 * The entries, in their order.
 */
entries: Array<AuditRecord>, };

/**
 * The entries of the audit log in their order, as they are stored, for other programs.
 */
export type AuditExportQuery = { 
/**
 * Only those after this one: its number.
 */
after: number, 
/**
 * At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST).
 */
limit: number, };

/**
 * What was done and changed, by whom and through what, the latest first. Runs and messages have lists of their own, which
 * say more of them.
 */
export type AuditQuery = { 
/**
 * At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST).
 */
limit: number, 
/**
 * Only those recorded before this one: its number.
 */
before?: number | null, };

/**
 * An entry of the audit log as it is stored. Its hash is the SHA-256 of the JSON text
 * `["HASH",n,at,"actor","what"]`, without spaces: the hash of the entry before it, its number, its time, and
 * `actor` and `what`, strings like all texts.
 */
export type AuditRecord = { 
/**
 * Its number.
 */
n: number, 
/**
 * When, for people.
 */
time: string, 
/**
 * When, in microseconds since 1970: what the hash is over.
 */
at: number, 
/**
 * An [`Actor`], as its JSON text is stored.
 */
actor: string, 
/**
 * An [`AuditedChange`], as its JSON text is stored.
 */
what: string, 
/**
 * Its hash in hexadecimal digits; `None` where it is older than the chain.
 */
hash: string | null, };

/**
 * What a verification of the audit log found.
 */
export type AuditVerification = { 
/**
 * How many entries follow from the one before, from the first of the chain on.
 */
entries: number, 
/**
 * The number of the first of them.
 */
first: number | null, 
/**
 * The number of the last of them.
 */
last: number | null, 
/**
 * The hash of the last of them, in hexadecimal digits: it stands for the whole log until then.
 */
head: string, 
/**
 * How many entries are older than the chain: they cannot be verified.
 */
unchained: number, 
/**
 * The first thing that is not as it was written; what is after it was not verified.
 */
damage: AuditDamage | null, };

/**
 * Verifies the chain of the audit log: each entry has a hash over itself and the hash of the one before it.
 */
export type AuditVerify = { 
/**
 * A hash that an earlier verification gave, in hexadecimal digits: is it still in the chain? A log that was rewritten
 * as a whole has others.
 */
head?: string | null, };

/**
 * What somebody changed. For a secret, only that it was set, never its value.
 */
export type AuditedChange = { "change": "snoozed", 
/**
 * Which.
 */
item: ItemKey, 
/**
 * Until when; `None` until it changes.
 */
until: string | null, } | { "change": "unsnoozed", 
/**
 * Which.
 */
item: ItemKey, } | { "change": "quiet", 
/**
 * Until when.
 */
until: string | null, } | { "change": "run_canceled", 
/**
 * Its id.
 */
run: string, } | { "change": "run_resolved", 
/**
 * Its id.
 */
run: string, 
/**
 * True where the person found that it had run.
 */
ran: boolean, } | { "change": "delivery_retried", 
/**
 * Its id.
 */
delivery: string, } | { "change": "configured", 
/**
 * The keys that lead to it.
 */
path: Array<string>, 
/**
 * True where it was taken out.
 */
removed: boolean, } | { "change": "reloaded" } | { "change": "configuration_applied", 
/**
 * The SHA-256 of the files, in hexadecimal digits.
 */
digest: string, } | { "change": "run_started", 
/**
 * Its id.
 */
run: string, 
/**
 * The line that was run.
 */
line: string, } | { "change": "run_ended", 
/**
 * Its id.
 */
run: string, 
/**
 * How: `done`, `failed`, `canceled` or `unknown`.
 */
state: string, } | { "change": "account_added", 
/**
 * Its name.
 */
account: AccountName, 
/**
 * Its service.
 */
service: string, } | { "change": "account_edited", 
/**
 * Its name.
 */
account: AccountName, 
/**
 * Which settings.
 */
settings: Array<string>, } | { "change": "account_removed", 
/**
 * Its name.
 */
account: AccountName, } | { "change": "account_tested", 
/**
 * Its name.
 */
account: AccountName, } | { "change": "secret_set", 
/**
 * The account.
 */
account: AccountName, 
/**
 * Which secret.
 */
field: string, } | { "change": "secret_removed", 
/**
 * The account.
 */
account: AccountName, 
/**
 * Which secret.
 */
field: string, } | { "change": "secrets_read", 
/**
 * The account.
 */
account: AccountName, } | { "change": "unreadable" };

/**
 * A part of a message.
 */
export type Block = { "text": string } | { "fields": Array<[string, string]> } | { "code": string } | { "list": Array<ListEntry> };

/**
 * What needs a person, and what is under way.
 */
export type Board = { 
/**
 * In the order of their urgency; none is empty.
 */
sections: Array<Section>, 
/**
 * The same in numbers; what is shown or not makes no difference to them.
 */
summary: Summary, 
/**
 * What is to be watched and is not seen, the worst first: what needs somebody there is not above.
 */
not_seen: Array<NotSeen>, };

/**
 * What needs a person.
 */
export type BoardQuery = { 
/**
 * Only this kind.
 */
kind: Kind | null, 
/**
 * Everything that is open, not only what needs a person.
 */
all: boolean, 
/**
 * What is snoozed, too.
 */
snoozed: boolean, 
/**
 * At most this many rows of each section, up to [`LONGEST_LIST`]; the usual number where it is not given.
 */
limit?: number | null, };

/**
 * One pipeline on one branch.
 */
export type Build = { 
/**
 * The repository or job folder, such as `acme/web`.
 */
repo: string, 
/**
 * The workflow or job, such as `ci`.
 */
pipeline: string, 
/**
 * The branch, where the service has branches.
 */
branch: string | null, 
/**
 * True where the branch is the repository's default one, or may be (or the service has no branches).
 */
default_branch: boolean, 
/**
 * The latest runs by `(number, attempt)`, newest first, at most [`RUNS_KEPT`]; those of a counter that has restarted
 * since come last.
 * A snapshot may hold any part of them.
 */
runs: Array<BuildRun>, };

/**
 * One attempt at one run of a pipeline.
 */
export type BuildRun = { 
/**
 * The service's name for the run, as its actions take it.
 */
id: string, 
/**
 * The run's number in its pipeline: later runs have higher ones, until the service's counter restarts.
 */
number: number, 
/**
 * 1, and one more each time the same run is run again.
 */
attempt: number, 
/**
 * How far it is.
 */
status: BuildStatus, 
/**
 * When it reached that status, by the service's clock, where the service says.
 */
at: string | null, 
/**
 * When it began to run.
 */
started_at: string | null, 
/**
 * The commit that it builds.
 */
commit: string | null, 
/**
 * Whose change it builds: the service's login name.
 */
author: string | null, 
/**
 * Who had it run, where a person and not a change did, or had it run again: the login name. The change need not be theirs.
 */
started_by?: string, 
/**
 * What it builds in a person's words, such as the commit's first line.
 */
subject: string | null, 
/**
 * Where it can be seen.
 */
url: string | null, 
/**
 * The names of the jobs or steps that failed, where known.
 */
failing: Array<string>, 
/**
 * Whether it waits for a person's yes before it goes on, and as of when; `None` where the source does not know. It means
 * nothing once the run is over.
 */
waits?: AsOf<boolean>, };

/**
 * How far a run is. The order is the order in which a run can go through them.
 */
export type BuildStatus = "queued" | "running" | "unknown" | "canceled" | "passed" | "failed";

/**
 * A message in the built-in room.
 */
export type BuiltinRoomMessage = { 
/**
 * Its id.
 */
id: string, 
/**
 * The message that it answers.
 */
under: string | null, 
/**
 * The message.
 */
message: Message, 
/**
 * When it was posted.
 */
at: string, 
/**
 * When it was last edited.
 */
edited_at: string | null, };

/**
 * Messages of the built-in room, oldest first.
 */
export type BuiltinRoomQuery = { 
/**
 * The channel, such as `general`.
 */
channel: string, 
/**
 * At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST): the latest.
 */
limit: number, 
/**
 * Only those posted before this one: its id.
 */
before?: string | null, };

/**
 * Stops a run, and answers with how it ended: one that could still be taken back is `Canceled`, with nothing sent.
 */
export type Cancel = { 
/**
 * The run's id, or the start of it.
 */
id: string, };

/**
 * What is no longer as it was when a line was prepared.
 */
export type Changed = "command" | "files" | "account" | "arguments" | "item" | "steps" | "channel" | "time";

/**
 * Waits until the store has changed since the number that was last answered (0 answers at once), or half a minute.
 */
export type Changes = { 
/**
 * The number last answered.
 */
seen: number, };

/**
 * A channel and when it was last posted to.
 */
export type ChannelActivity = { 
/**
 * Its short name, where it has one.
 */
name: string | null, 
/**
 * Its address.
 */
address: Address, 
/**
 * True for a channel of the built-in room: it is kept on this computer.
 */
builtin: boolean, 
/**
 * When the latest message was recorded; `None` where there is none (any more).
 */
last_at: string | null, };

/**
 * Every channel that Callboard posts to or has posted to: the built-in room's first. No service is asked.
 */
export type ChannelActivityQuery = Record<symbol, never>;

/**
 * A channel.
 */
export type ChannelInfo = { 
/**
 * Its short name, where it has one.
 */
name: string | null, 
/**
 * Its address.
 */
address: Address, 
/**
 * True for the one that takes what nothing else does.
 */
default: boolean, };

/**
 * A message in a channel, or one that is pending for it.
 */
export type ChannelMessage = { 
/**
 * Its id in the channel; before it is posted, its delivery's.
 */
id: string, 
/**
 * The id of the message in whose thread it is.
 */
under: string | null, 
/**
 * What it says, in its latest form.
 */
message: Message, 
/**
 * When it was posted, or recorded to be.
 */
at: string, 
/**
 * When it was last edited, where that is known.
 */
edited_at: string | null, 
/**
 * Whether it has arrived.
 */
state: DeliveryState, 
/**
 * Why its last edit was refused for good, where what was posted before that stands.
 */
edit_refused?: string, 
/**
 * Where it can be seen.
 */
link: string | null, 
/**
 * The run that it is about.
 */
run: string | null, };

/**
 * What Callboard posted in a channel, oldest first. Messages of others are not known.
 */
export type ChannelMessages = { 
/**
 * The channel.
 */
address: Address, 
/**
 * At most this many, the latest.
 */
limit: number, };

/**
 * Where things can be posted.
 */
export type ChannelsQuery = { 
/**
 * Ask the services for all of their channels, too.
 */
live: boolean, };

/**
 * One check.
 */
export type Check = { 
/**
 * What was checked: `store`, `keychain`, `notifications`, `webhooks`, `account forge`.
 */
name: string, 
/**
 * How it is.
 */
verdict: CheckVerdict, 
/**
 * What was found.
 */
found: string, 
/**
 * What to do, where something is to be done.
 */
remedy: string | null, };

/**
 * How a check went.
 */
export type CheckVerdict = "ok" | "warning" | "failed";

/**
 * The checks of one commit, summed up.
 */
export type Checks = { 
/**
 * The commit that they are of.
 */
commit: string, 
/**
 * The sum.
 */
status: ChecksStatus, 
/**
 * The names of those that failed.
 */
failing: Array<string>, 
/**
 * When the newest of them changed: the newer sum wins.
 */
at: string, };

/**
 * The sum of a commit's checks.
 */
export type ChecksStatus = "none" | "pending" | "unknown" | "passed" | "failed";

/**
 * What an argument may be, live: those that fit what is typed of it, the best first.
 */
export type ChoicesQuery = { 
/**
 * The line so far.
 */
line: string, 
/**
 * The argument.
 */
arg: string, 
/**
 * What is typed of it; nothing lists all.
 */
typed: string, };

/**
 * A command, where it runs and where its outcome goes.
 */
export type CommandInfo = { 
/**
 * What it is called and takes.
 */
spec: CommandSpec, 
/**
 * Where it comes from: the accounts that offer it, or its file.
 */
origin: Origin, 
/**
 * Where its outcome would be posted, as far as that is known without arguments.
 */
posts_to: string, };

/**
 * What a command is called, takes and does. One for a connector's action and for a command from a file alike.
 */
export type CommandSpec = { 
/**
 * One word or more: `deploy`, `pr approve`.
 */
name: string, 
/**
 * Other names for it.
 */
aliases: Array<string>, 
/**
 * What it does, in a line.
 */
summary: string, 
/**
 * The text of a button that runs it with its defaults, where its role alone is ambiguous: `Silence for 2 h`.
 */
label?: string | null, 
/**
 * The grammar of the typed line: `deploy <app>[/<ref>] to <env>`. Starts with the name. See [`Usage`](super::Usage).
 */
usage: string, 
/**
 * What it takes, in the order in which it is asked for.
 */
args: Array<ArgSpec>, 
/**
 * Lines that work as they are.
 */
examples: Array<string>, 
/**
 * Whether it changes anything.
 */
effect: Effect, 
/**
 * What it is to an item that it runs on, where that is one of the usual things.
 */
role?: Role | null, 
/**
 * How long a run may take.
 */
timeout: { secs: number; nanos: number }, 
/**
 * Where its outcome goes and what guards it.
 */
policy: Policy, 
/**
 * True where it asks each account that has it, unless one is named. Such a command only looks.
 */
every_account: boolean, };

/**
 * The commands that can be run.
 */
export type CommandsQuery = Record<symbol, never>;

/**
 * A fault in a configuration or command file: where, what, and what would be right.
 */
export type ConfigError = { 
/**
 * The file.
 */
file: string, 
/**
 * Counted from 1.
 */
line: number, 
/**
 * In characters, counted from 1.
 */
column: number, 
/**
 * What was wrong and what would be right, with the nearest name; without its middle where it quotes much of the file.
 */
what: string, 
/**
 * The line as it stands in the file, cut to 200 characters; what may be a secret is masked.
 */
text: string, };

/**
 * Writes one setting to the configuration file, keeping its comments, and applies it. Refused, and nothing is
 * written, where the file would not be good.
 */
export type Configure = { 
/**
 * The keys that lead to it: `["notifications", "quiet_hours"]`.
 */
path: Array<string>, 
/**
 * What it is to be; `None` takes it out of the file.
 */
value: JsonValue | null, };

/**
 * How a person confirms a command before it runs.
 */
export type Confirm = "yes" | { "type": string };

/**
 * What becomes of an event.
 */
export type Decision = { 
/**
 * What to do on this desktop.
 */
do: NotifyLevel, 
/**
 * Channels to post it in, as written in the rules (names or addresses), each once.
 */
post: Array<string>, 
/**
 * Events of the same group make one notification.
 */
group: string, 
/**
 * The rules that mattered, in order; from [`Rules::explain`], every rule.
 */
reasons: Array<Reason>, };

/**
 * What is to be posted and what became of it, the latest first.
 */
export type DeliveriesQuery = { 
/**
 * Only those that have not arrived.
 */
pending: boolean, 
/**
 * At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST): the latest.
 */
limit: number, 
/**
 * Only those recorded before this one: its id.
 */
before?: string | null, };

/**
 * A message to a channel and what became of it.
 */
export type Delivery = { 
/**
 * Its id.
 */
id: string, 
/**
 * Where to.
 */
address: Address, 
/**
 * The message as it is now.
 */
message: Message, 
/**
 * The run that it is about.
 */
run: string | null, 
/**
 * The delivery in whose thread it is, or will be: the first one about the same item. Where the chat has no
 * threads it is posted on its own all the same.
 */
under?: string | null, 
/**
 * How far it is.
 */
state: DeliveryState, 
/**
 * True where an earlier form of it is in the channel: what is to be sent, or could not be, is an edit of that.
 */
is_edit?: boolean, 
/**
 * Why its last edit was refused for good, where what was posted before that stands: it does not say what has become
 * of its item since.
 */
edit_refused?: string, 
/**
 * Why its account takes no messages now, where it has not arrived: it is kept, and sent or looked for once the account
 * does.
 */
account_error?: AccountError, 
/**
 * How often it was tried.
 */
attempts: number, 
/**
 * When it was recorded.
 */
created_at: string, 
/**
 * Who has it posted, and through what. `None` for what an older version recorded.
 */
actor?: Actor | null, 
/**
 * Where it can be seen.
 */
link: string | null, };

/**
 * How far a delivery is.
 */
export type DeliveryState = { "state": "pending", 
/**
 * Not before.
 */
next_at: string, 
/**
 * What its account is missing, without which it is not tried; else the error of the last try.
 */
error: ServiceError | null, 
/**
 * What it waits for, where its account is missing something, in words that follow "waits for": "the system's
 * keychain". It is not tried before that is there, and `next_at` means nothing until then.
 */
waits_for?: string, 
/**
 * The first of its line in the channel, where that is another one. Only lists and what was waited for say so.
 */
first?: FirstInLine, } | { "state": "sending" } | { "state": "posted" } | { "state": "unknown", 
/**
 * What is known.
 */
error: ServiceError, 
/**
 * True where its channel cannot be searched, by this chat at all or by this account: it is not sent again before a
 * person has looked and retries it.
 */
unsearchable?: boolean, } | { "state": "failed", 
/**
 * Why.
 */
error: ServiceError, } | { "state": "moot", 
/**
 * What had come in between.
 */
reason: MootReason, } | { "state": "digested", 
/**
 * The id of the digest that reports it.
 */
into: string, };

/**
 * What is particular to a kind of item.
 */
export type Detail = { "kind": "build" } & Build | { "kind": "pull_request" } & PullRequest | { "kind": "incident" } & Incident | { "kind": "approval" } & Approval;

/**
 * Checks everything that Callboard needs.
 */
export type Doctor = Record<symbol, never>;

/**
 * Changes settings of an account; a null removes one.
 */
export type EditAccount = { 
/**
 * Which.
 */
account: AccountName, 
/**
 * What is to be otherwise.
 */
settings: { [key in string]: JsonValue }, };

/**
 * Whether a command changes anything.
 */
export type Effect = "reads" | "changes";

/**
 * Something that happened, as stored.
 */
export type Event = { 
/**
 * The store's number for it: later events have higher ones.
 */
id: number, 
/**
 * What it happened to.
 */
item: ItemKey, 
/**
 * What happened.
 */
name: EventName, 
/**
 * When it happened, by the service's clock where it says, else when it was seen.
 */
at: string, 
/**
 * When it was seen.
 */
seen_at: string, 
/**
 * True where it happened before the account was first watched: on the record, never notified.
 */
old: boolean, 
/**
 * True where it was over by the time it was seen, or is the end of what was: on the record, never notified.
 */
moot?: boolean, 
/**
 * Why it is moot, where it is. `None` where an earlier version recorded it.
 */
moot_because?: MootCause, 
/**
 * Who did it, where the service says.
 */
by: User | null, 
/**
 * Whom it asks for something: the reviewer, or the team by the id `team/ORGANISATION/NAME`; those an incident is
 * assigned to now. Whether that is me is for [`crate::rules::concerns_me`]. Empty where it asks nobody in particular, and
 * where an earlier version recorded it: that recorded requests for a review of its own account's user alone.
 */
of?: Array<User>, 
/**
 * The ids of those who had been asked before: to them it is nothing new.
 */
asked_before?: Array<string>, 
/**
 * One line for a person, the same for everybody.
 */
summary: string, };

/**
 * What happened. The names are those of rules, JSON and the command line.
 */
export type EventName = "queued" | "running" | "passed" | "failed" | "fixed" | "still_failing" | "canceled" | "opened" | "review_requested" | "approved" | "changes_requested" | "checks_failed" | "checks_passed" | "merged" | "closed" | "stale" | "triggered" | "acknowledged" | "unacknowledged" | "escalated" | "reassigned" | "resolved" | "requested" | "denied" | "expired" | "superseded";

/**
 * A page of events.
 */
export type Events = { 
/**
 * Those that can be read, oldest first.
 */
events: Array<Event>, 
/**
 * The numbers of those among them that are stored and cannot be read: [`Doctor`](super::Doctor) says what of each is
 * damaged. They count towards the limit.
 */
unreadable: Array<number>, };

/**
 * Which events.
 */
export type EventsQuery = { 
/**
 * Only later ones than this number.
 */
after: number | null, 
/**
 * Only earlier ones than this number: the page before the one that began with it.
 */
before?: number | null, 
/**
 * Only those seen at or after this time.
 */
since: string | null, 
/**
 * At most this many, up to [`LONGEST_LIST`]: the latest ones where `after` is not given, else the first ones after
 * it. A client that asks for one more than it needs learns whether there are more.
 */
limit: number, };

/**
 * What was decided for an event, and what would be decided now.
 */
export type Explanation = { 
/**
 * The event.
 */
event: Event, 
/**
 * The item as it is now.
 */
item: Item, 
/**
 * What was decided when it was seen.
 */
decided: Decision | null, 
/**
 * What the rules of today decide, with the reason of each.
 */
now: Decision, };

/**
 * What a launcher shows for what was typed: commands, items and runs, matched in any order of letters, recent and
 * frequent ones first.
 */
export type Find = { 
/**
 * What was typed; nothing finds nothing.
 */
text: string, 
/**
 * At most this many of each kind.
 */
limit: number, };

/**
 * The first of a line in a channel: nothing behind it is sent before it is.
 */
export type FirstInLine = { 
/**
 * Its id.
 */
id: string, 
/**
 * When it may be sent at the soonest.
 */
at: string, 
/**
 * What it met when it was last tried.
 */
error?: ServiceError, };

/**
 * Waits for deliveries until each has been sent or waits for longer, or for `seconds`. The response has them as they are then,
 * but for those that are not on the record.
 */
export type Flush = { 
/**
 * How long at most.
 */
seconds: number, 
/**
 * Their ids. Empty: all, and the response has what has not arrived, up to [`LONGEST_LIST`](super::LONGEST_LIST): the oldest.
 */
deliveries?: Array<string>, };

/**
 * Follows an item's whole log: waits for more of it than has been seen, or half a minute. Nothing is recorded or posted.
 * A reading that nobody asks for ends after a minute.
 */
export type FollowLog = { 
/**
 * The item's key.
 */
item: ItemKey, 
/**
 * The reading that is followed; none begins one.
 */
reading: number | null, 
/**
 * How many lines of it have been seen.
 */
seen: number, };

/**
 * Waits for more of a run than has been seen, or half a minute.
 */
export type FollowRun = { 
/**
 * The run.
 */
id: string, 
/**
 * How much of the output has been seen, as in [`RunProgress::seen`].
 */
seen: number, 
/**
 * The status line that has been seen.
 */
said: string, };

/**
 * What was found, the best kind first, the best of each first.
 */
export type Found = { 
/**
 * Commands.
 */
commands: Array<FoundCommand>, 
/**
 * Items: one whose title is what was typed, then those whose title begins with it, then those with its words in order, then
 * the rest that hold them, then those that hold its letters.
 */
items: Array<FoundItem>, 
/**
 * True where the items are the best kind: the title of the first holds word by word what was typed, and no command does.
 */
items_first?: boolean, 
/**
 * How many items match in all, those that are not here included. `None` where not all of them were counted, and by an
 * older version.
 */
items_total?: number | null, 
/**
 * Lines that were run before, each once, the latest run of each.
 */
runs: Array<FoundRun>, 
/**
 * The line that the text would be with its best completion, where it begins with the text.
 */
completion: string | null, };

/**
 * A value that an argument can take.
 */
export type FoundChoice = { 
/**
 * What is typed.
 */
value: string, 
/**
 * The value, with what matched.
 */
title: Array<TextSpan>, 
/**
 * What it means, where that is not plain.
 */
note: string | null, };

/**
 * A command that fits.
 */
export type FoundCommand = { 
/**
 * Its name.
 */
name: string, 
/**
 * The name, with what matched.
 */
title: Array<TextSpan>, 
/**
 * What it does, in a line.
 */
summary: string, 
/**
 * Where its outcome would be posted, as far as that is known without arguments.
 */
posts_to: string, 
/**
 * What it takes, in words: `app, env, [ref]`.
 */
takes: string, };

/**
 * An item that fits.
 */
export type FoundItem = { 
/**
 * Its row, as on the board.
 */
row: Row, 
/**
 * Its title, with what matched.
 */
title: Array<TextSpan>, };

/**
 * A line that was run before.
 */
export type FoundRun = { 
/**
 * The latest run's id.
 */
id: string, 
/**
 * The line, as it can be run again.
 */
line: string, 
/**
 * The account that the latest run ran as, where it was a connector's action.
 */
account?: string | null, 
/**
 * The line as people read it, with what matched.
 */
title: Array<TextSpan>, 
/**
 * The latest run's state.
 */
state: string, 
/**
 * Who ran it.
 */
by: string, 
/**
 * When.
 */
at: string, };

/**
 * Why an item is not there any more, and since when.
 */
export type GoneItem = { 
/**
 * The same in plain words.
 */
why: string, 
/**
 * Since when that is known.
 */
at: string, } & ({ "reason": "deleted" } | { "reason": "not_listed" } | { "reason": "disabled" } | { "reason": "renamed", 
/**
 * The new name, as [`ItemKey::id`].
 */
to: string, } | { "reason": "branch_deleted" } | { "reason": "not_default_branch" } | { "reason": "not_watched" });

/**
 * Why an item is not there any more.
 */
export type GoneReason = { "reason": "deleted" } | { "reason": "not_listed" } | { "reason": "disabled" } | { "reason": "renamed", 
/**
 * The new name, as [`ItemKey::id`].
 */
to: string, } | { "reason": "branch_deleted" } | { "reason": "not_default_branch" } | { "reason": "not_watched" };

/**
 * How an account is.
 */
export type Health = { "state": "new" } | { "state": "ok" } | { "state": "incomplete", 
/**
 * What.
 */
why: string, 
/**
 * Where it is set.
 */
needs: Needs, 
/**
 * The place of secrets that cannot be read now, where that is why: it is tried again by itself.
 */
waits_for?: string, } | { "state": "trouble", 
/**
 * Since when.
 */
since: string, 
/**
 * What the last call met.
 */
error: ServiceError, 
/**
 * When it is tried again.
 */
next_try: string | null, } | { "state": "unrecorded", 
/**
 * Since when.
 */
since: string, 
/**
 * Why.
 */
why: string, } | { "state": "overdue", 
/**
 * Since when that is due.
 */
since: string, };

/**
 * Who is there?
 */
export type Hello = Record<symbol, never>;

/**
 * One command in full.
 */
export type HelpQuery = { 
/**
 * Its name.
 */
command: string, };

/**
 * Who has an incident: acknowledged it, or silenced it.
 */
export type Hold = { 
/**
 * As of when the service reports it: of two reports the later one counts.
 */
at: string, 
/**
 * Who; empty where something holds it that has no name.
 */
by: Array<User>, 
/**
 * Until when (a silence's end), where that is limited.
 */
until: string | null, };

/**
 * Who an account acts as on its service, and which permissions its credential is missing.
 */
export type Identity = { 
/**
 * The login name, as items have it (`author`, `requested`, `holders`). Empty where the service has no users.
 */
login: string, 
/**
 * What people call the account's user, where that is not the login: for display alone.
 */
name?: string, 
/**
 * The teams, as `team/ORGANISATION/NAME` (`team/NAME` where the organisation is not known), as they stand in
 * [`crate::item::PullRequest::requested`].
 */
teams: Array<string>, 
/**
 * Why not all of the teams could be read, where that is so: `teams` are those that are known.
 */
teams_unread?: string, 
/**
 * What the service calls itself and its version, where it says.
 */
server: string | null, 
/**
 * The organisation that the credential is of, as the service identifies it, where one address serves several: see
 * [`crate::origin::Origin`]. `None` where that makes no difference, or is not known.
 */
tenant?: string, 
/**
 * Permissions that Callboard could use and the credential does not have.
 */
missing_scopes: Array<MissingScope>, };

/**
 * An alert or incident.
 */
export type Incident = { 
/**
 * The service or alert rule that it is about.
 */
service: string, 
/**
 * The number by which people refer to it, where it has one in addition to its id.
 */
number?: number, 
/**
 * How bad.
 */
severity: Severity, 
/**
 * How far.
 */
status: IncidentStatus, 
/**
 * When this occurrence began. The same alert firing again later is a later occurrence of the same item.
 */
started_at: string, 
/**
 * True where the service does not say when it began: `started_at` is then when it was first seen, or 1970.
 */
start_unknown?: boolean, 
/**
 * When the service last changed it, or 1970 where it does not say: within one occurrence the newer one wins, and on a tie the further status.
 */
updated_at: string, 
/**
 * Who brought it to this status, where the service says.
 */
changed_by?: User, 
/**
 * Who has it while it is acknowledged. `None` where the service does not say: that is not the same as nobody.
 */
hold?: Hold, 
/**
 * True where it is acknowledged only in that its service suppresses it: it is silenced, inhibited or muted.
 */
suppressed?: boolean, 
/**
 * For an incident acknowledged by an unknown person: when it was last known to be unacknowledged, so that no older hold
 * counts.
 * Sources leave it out.
 */
released_at?: string, 
/**
 * Who was asked to take it, which is not to have it. `None` where the service does not say.
 */
assigned?: Assignment, 
/**
 * When it was escalated, each time, as far as a source has seen them.
 */
escalations?: Array<string>, 
/**
 * Who escalated it, at those of these times at which the service says that a person did: it does so by itself, too.
 */
escalated_by?: { [key in string]: User }, 
/**
 * Set where the end is only inferred: the incident is absent from a listing that should have it. The next sighting
 * outranks that. No service reports this; it is made by [`crate::event::missed`].
 */
inferred_end?: InferredEnd, 
/**
 * More text, in the service's words.
 */
description: string | null, 
/**
 * The service's labels.
 */
labels: { [key in string]: string }, 
/**
 * What the account's source and actions keep for each other, by names of their own: ids, say. Nobody else reads it.
 */
notes?: { [key in string]: string }, };

/**
 * How far an incident is.
 */
export type IncidentStatus = "triggered" | "acknowledged" | "resolved";

/**
 * An end that was inferred.
 */
export type InferredEnd = { 
/**
 * Since when it is missed: when the listing was asked for, by our clock.
 */
since: string, 
/**
 * How far it was when it was last seen.
 */
was: IncidentStatus, };

/**
 * An approval, build, pull request or incident as a service reports it, or as it is stored.
 */
export type Item = { 
/**
 * Its natural key.
 */
key: ItemKey, 
/**
 * One line for a person, in the service's words. Untrusted: see [`crate::text`].
 */
title: string, 
/**
 * Where it can be seen in a browser; only http and https.
 */
url: string | null, 
/**
 * What is particular to its kind.
 */
detail: Detail, };

/**
 * A command that can be run on an item.
 */
export type ItemAction = { 
/**
 * The line, prefilled from the item.
 */
line: string, 
/**
 * The command's name.
 */
command: string, 
/**
 * What it does, in a line.
 */
summary: string, 
/**
 * The text of a button, where the role alone is ambiguous: `Silence for 2 h`.
 */
label: string | null, 
/**
 * What it is to the item.
 */
role: Role | null, 
/**
 * Whether it changes anything.
 */
effect: Effect, 
/**
 * False where an argument must be given before it can run: a message, a duration.
 */
complete: boolean, };

/**
 * One item with its history and what can be done with it.
 */
export type ItemDetail = { 
/**
 * The item.
 */
item: Item, 
/**
 * Where it comes from, as [`super::AccountInfo::origin`] says. `None` where that is not known, and for what is not there any
 * more.
 */
origin?: ItemOrigin | null, 
/**
 * Its events, newest first.
 */
events: Array<Event>, 
/**
 * What can be run on it, the first action first.
 */
actions: Array<ItemAction>, 
/**
 * Off the board for now: until when, or until it changes.
 */
snoozed: Snoozed | null, 
/**
 * Who snoozed it, and through what, where a person did and that was recorded.
 */
snoozed_by?: Actor | null, 
/**
 * Where it is not there any more: off the board and out of every count.
 */
gone: GoneItem | null, 
/**
 * What its row on the board shows, or would show: whose turn it is, since when, who has it.
 */
row?: Row | null, 
/**
 * What is not seen of its account: the item may have changed since.
 */
not_seen?: Array<NotSeen>, 
/**
 * Of an approval, the open incidents of what it is for.
 */
open_incidents?: OpenIncidents | null, };

/**
 * The natural key of an item: the same thing has the same key whichever way it was reported.
 *
 * Written `ACCOUNT/KIND/ID`, such as `forge/pull_request/acme/web#479`.
 */
export type ItemKey = string;

/**
 * The end of an item's log, asked of its service now. Nothing is recorded or posted.
 */
export type ItemLog = { 
/**
 * The item's key.
 */
item: ItemKey, };

/**
 * The service of an account, where that is, and whose things there: the same for all accounts that see the same things.
 *
 * Written `SERVICE:URL`, with `#TENANT` where one address serves several organisations: `github:https://api.github.com`,
 * `pagerduty:https://api.pagerduty.com#acme.pagerduty.com`. It holds no credential, and is made by [`Origin::new`] alone.
 */
export type ItemOrigin = string;

/**
 * One item.
 */
export type ItemQuery = { 
/**
 * Its key, or any unambiguous part of its reference.
 */
item: string, 
/**
 * Only this kind is meant: what else has that name is no other meaning.
 */
kind?: Kind | null, };

export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]: JsonValue } | null;

/**
 * What an item is.
 */
export type Kind = "build" | "pull_request" | "incident" | "approval";

/**
 * A line as read.
 */
export type LineRead = { 
/**
 * The command, where the line begins with one.
 */
command: CommandInfo | null, 
/**
 * The values that the line gives, by argument; not the defaults. Words that stand in no place are the text of the argument
 * that is asked for. `account`, where the line says whose it is to run.
 */
values: { [key in string]: string }, 
/**
 * What people call the values that are ids, by argument, whether or not the line can run.
 */
names?: { [key in string]: string }, 
/**
 * The first argument that must still be given. None where words are left that no argument can take.
 */
asks_for: string | null, 
/**
 * What is wrong with what is there.
 */
problem: string | null, };

/**
 * A row of a [`Block::List`].
 */
export type ListEntry = { 
/**
 * What it says.
 */
text: string, 
/**
 * Where it leads.
 */
link: string | null, };

/**
 * A line of a log.
 */
export type LogLine = { 
/**
 * The text.
 */
text: string, 
/**
 * True where it reports an error.
 */
error: boolean, };

/**
 * How far the reading of a log is.
 */
export type LogProgress = { 
/**
 * Its number, to ask for more.
 */
reading: number, 
/**
 * The lines after those seen, without control characters.
 */
lines: Array<LogLine>, 
/**
 * How many there are now, with those that are not kept any more.
 */
seen: number, 
/**
 * How many lines at the beginning are not kept: of a long log the end is.
 */
dropped: number, 
/**
 * True once nothing more will come.
 */
over: boolean, 
/**
 * Why it ended early, where it did.
 */
error: ServiceError | null, };

/**
 * The end of a log, from its first error where it has one.
 */
export type LogTail = { 
/**
 * The lines, at most 200, without control characters.
 */
lines: Array<LogLine>, 
/**
 * True where there is more before them.
 */
cut: boolean, };

/**
 * Whether a pull request can be merged, by the service's own rules.
 */
export type MergeState = "ready" | "behind" | "blocked" | "conflicts";

/**
 * Whether a service would merge a commit, as it last reported.
 */
export type Mergeability = { 
/**
 * The commit.
 */
commit: string, 
/**
 * What it reported.
 */
state: MergeState, 
/**
 * When it did so: the newer report wins.
 */
at: string, };

/**
 * A message for people.
 */
export type Message = { 
/**
 * Its tone: shown as a mark or colour.
 */
tone: Tone, 
/**
 * The one line that sums it up.
 */
title: string, 
/**
 * Where the title leads.
 */
link: string | null, 
/**
 * More, in order.
 */
blocks: Array<Block>, };

/**
 * A missing permission of a credential, and what cannot be done without it.
 */
export type MissingScope = { 
/**
 * The service's name for it, such as `workflow` or `chat:write`.
 */
scope: string, 
/**
 * What cannot be done, such as "run jobs again".
 */
needed_for: string, };

/**
 * Why an event was moot by the time it was seen.
 */
export type MootCause = "over" | "acknowledged" | "silenced";

/**
 * Why an event was not posted any more.
 */
export type MootReason = { "why": "over", 
/**
 * The item's state by then: `passed`, `resolved`, `merged`.
 */
status: string, } | { "why": "orphaned" } | { "why": "gone" } | { "why": "forgotten" };

/**
 * Something of a service: a user, a schedule, a service that is watched there.
 */
export type Named = { 
/**
 * What the service identifies it by.
 */
id: string, 
/**
 * What people call it, the usual name first: "Ben Smith", "ben@acme.example". Empty where that is not known.
 */
names: Array<string>, };

/**
 * What an account needs before it can be used.
 */
export type Needs = "secret" | "setting";

/**
 * Something watched that the board does not show at all, in part, or up to date.
 */
export type NotSeen = { 
/**
 * The account that watches it.
 */
account: AccountName, 
/**
 * The part of it (`acme/web`); empty for the account as a whole.
 */
part: string, 
/**
 * What it means for the board.
 */
kind: NotSeenKind, 
/**
 * Why, in plain words, and the remedy where one is known.
 */
why: string, 
/**
 * Since when, where known: what the board shows of it is from before.
 */
since: string | null, };

/**
 * What is not seen, and so what may be missing from the board.
 */
export type NotSeenKind = "not_set_up" | "down" | "unrecorded" | "part" | "incomplete" | "malformed" | "reading";

/**
 * What the desktop shows for one or several events.
 */
export type Notification = { 
/**
 * The line that says it all.
 */
title: string, 
/**
 * More, in a few lines; may be empty.
 */
body: string, 
/**
 * The items that it is about, the most urgent first.
 */
items: Array<ItemKey>, 
/**
 * It pierces quiet hours.
 */
important: boolean, 
/**
 * What it says of each of them, in the same order: what is left of it once others are over. Empty from an older version.
 */
parts: Array<NotificationPart>, };

/**
 * What a notification says of one of its items.
 */
export type NotificationPart = { 
/**
 * The item.
 */
item: ItemKey, 
/**
 * The line that says it all.
 */
title: string, 
/**
 * More; may be empty.
 */
body: string, };

/**
 * Waits for notifications to show, or half a minute. While a client waits so, the owner hands them over instead of
 * showing them; each is handed over once.
 */
export type NotificationsQuery = Record<symbol, never>;

/**
 * What a rule does with an event on this desktop.
 */
export type NotifyLevel = "silence" | "show" | "notify" | "important";

/**
 * An item, and why it is not on the board.
 */
export type OffBoardItem = { 
/**
 * Which.
 */
item: ItemKey, 
/**
 * Why.
 */
why: OffBoardReason, };

/**
 * Why these items are not on the board any more: for clients that showed them.
 */
export type OffBoardQuery = { 
/**
 * Their keys.
 */
items: Array<ItemKey>, };

/**
 * Why an item is not on the board.
 */
export type OffBoardReason = "passed" | "canceled" | "merged" | "closed" | "resolved" | "approved" | "denied" | "expired" | "superseded" | { "gone": GoneReason } | "snoozed" | "others" | "open" | "unknown";

/**
 * The open incidents of what an approval is for: those whose service, or a label of it, is called like its repository.
 */
export type OpenIncidents = { 
/**
 * The worst of them, the worst first; at most five.
 */
rows: Array<Row>, 
/**
 * How many there are, as far as they are seen.
 */
total: number, 
/**
 * The accounts that have incidents. Where there are none, nothing is known of any.
 */
accounts: Array<AccountName>, 
/**
 * What is not seen of these accounts: there may be more incidents.
 */
not_seen: Array<NotSeen>, };

/**
 * Where a command comes from.
 */
export type Origin = { "accounts": Array<AccountName> } | { "file": string };

/**
 * How a command ended, as the service reported it.
 */
export type Outcome = { 
/**
 * False where the service did it and it ended badly: a build that failed, a check that says no.
 */
ok: boolean, 
/**
 * One line: "api 1.42.0 is on staging".
 */
summary: string, 
/**
 * More, for the message and the screen.
 */
blocks: Array<Block>, 
/**
 * Where it can be seen.
 */
link: string | null, 
/**
 * The same as data, for `--json`.
 */
data: JsonValue | null, 
/**
 * The item that it began, such as an incident, where the service names it.
 */
began?: ItemKey, };

/**
 * What is to be shown.
 */
export type PendingNotifications = { 
/**
 * To be shown now.
 */
show: Array<Notification>, 
/**
 * Items that no notification is about any more: what is shown of them can be withdrawn.
 */
settled: Array<ItemKey>, };

/**
 * The name of a person in `[people]`: it stays the same whatever services call them.
 */
export type PersonId = string;

/**
 * What a line would do: what is shown of it is what runs.
 */
export type Plan = { 
/**
 * Names exactly this: the command's own text, the arguments, the account, the items as they are, what would be sent
 * and where the outcome goes. A run carries it; where something has changed since, nothing is sent. Opaque.
 */
fingerprint: string, 
/**
 * The command.
 */
command: string, 
/**
 * The line with every argument in its place, and with the account, where one was asked for.
 */
line: string, 
/**
 * The same as people read it: alerts by what they are called, not by their fingerprints.
 */
named_line: string, 
/**
 * What people call the values that are ids, by argument.
 */
names?: { [key in string]: string }, 
/**
 * The account that it would run as, where it is a connector's action.
 */
account: AccountName | null, 
/**
 * Who that account acts as, where known.
 */
acts_as: string | null, 
/**
 * What would be sent, exactly, secrets masked.
 */
steps: Array<Step>, 
/**
 * Where the outcome would be posted; `None` for a private run.
 */
post: Address | null, 
/**
 * Why there.
 */
post_reason: string, 
/**
 * What a person must confirm before it runs.
 */
confirm: Confirm | null, 
/**
 * Permissions that it needs and that the account's credential is known not to have: the service will refuse.
 */
lacks: Array<RequiredScope>, };

/**
 * What a line would do, without doing it.
 */
export type PlanQuery = { 
/**
 * The line as typed.
 */
line: string, 
/**
 * Post the outcome there instead.
 */
channel: string | null, 
/**
 * Post nothing.
 */
private: boolean, };

/**
 * Where a command's outcome goes and what guards it.
 */
export type Policy = { 
/**
 * The channel or address of the outcome, maybe a template over the arguments.
 */
post: string | null, 
/**
 * A CEL expression over the arguments that gives `none`, `yes` (ask) or `type:ARG` (type that argument's value again).
 * See [`Confirm`](super::Confirm).
 */
confirm: string | null, 
/**
 * A name, maybe a template over the arguments, of which only one run may be under way.
 */
lock: string | null, };

/**
 * Polls the accounts once, now, and answers when all have answered or 20 s are over.
 */
export type PollNow = { 
/**
 * Only this one.
 */
account: AccountName | null, };

/**
 * Posts a message.
 */
export type Post = { 
/**
 * A channel's short name or address.
 */
channel: string, 
/**
 * The text. May be empty where an item is named.
 */
text: string, 
/**
 * An item: what it is, its state and whose turn it is are posted, after the text.
 */
item: string | null, };

/**
 * The preview of a post.
 */
export type PostPlan = { 
/**
 * Where it would be posted.
 */
address: Address, 
/**
 * The message that would be posted.
 */
message: Message, };

/**
 * Previews a post: its message and where it would go. Nothing is posted.
 */
export type PostPlanQuery = { 
/**
 * What would be posted.
 */
what: Post, };

/**
 * Who asks. Shown by [`fmt::Display`] as people name them.
 */
export type Principal = { "kind": "person", 
/**
 * Their name there.
 */
id: PersonId, } | { "kind": "unlisted", 
/**
 * The account whose service says who they are; `None` where the operating system of this computer does.
 */
account: AccountName | null, 
/**
 * What it identifies them by: a user id, a login name that is never given twice.
 */
id: string, 
/**
 * What it calls them. For display only: two people may have one name.
 */
name: string, } | { "kind": "program", 
/**
 * What people call it.
 */
name: string, } | { "kind": "unreadable" };

/**
 * A part of what the account watches that a poll did not see whole.
 */
export type Problem = { 
/**
 * The part, as a person names it and as its items' references begin (`acme/web`); empty for the account as a whole.
 */
part: string, 
/**
 * What it means for the board.
 */
kind: ProblemKind, 
/**
 * Why, in plain words, and the remedy where one is known.
 */
why: string, 
/**
 * The kind of items that it is about; all of the part's where not given.
 */
of?: Kind, };

/**
 * What a problem means for the board.
 */
export type ProblemKind = "not_seen" | "incomplete" | "malformed" | "details";

/**
 * How far a long poll has come.
 */
export type Progress = { 
/**
 * How many of the watched parts (repositories, jobs) have been read.
 */
done: number, 
/**
 * How many there are.
 */
total: number, };

/**
 * A pull request. A snapshot may be partial: what it does not know is `None` or empty, as each field says.
 */
export type PullRequest = { 
/**
 * The repository, such as `acme/web`.
 */
repo: string, 
/**
 * Its number there.
 */
number: number, 
/**
 * The author's login name.
 */
author: string, 
/**
 * The branch that it would merge.
 */
branch: string, 
/**
 * The branch that it would merge into.
 */
base: string, 
/**
 * The newest commit on its branch.
 */
head: string, 
/**
 * Not ready for review.
 */
draft: boolean, 
/**
 * Open, merged or closed.
 */
state: PullRequestState, 
/**
 * When it was opened.
 */
opened_at: string, 
/**
 * When it was merged or closed.
 */
ended_at: string | null, 
/**
 * Who merged it, where known.
 */
merged_by: string | null, 
/**
 * The login names of those (and `team/ORGANISATION/NAME` of the teams) whose review is
 * asked for.
 */
requested: Array<string>, 
/**
 * True where others may be asked too: the service does not say, or not so that it can be read. Whoever was asked
 * before still is, then.
 */
requested_unknown?: boolean, 
/**
 * The service's version of all the fields above: the newer one wins.
 */
updated_at: string, 
/**
 * Every review that is known of, newest first, at most [`REVIEWS_KEPT`]. A snapshot may hold any part, in any order:
 * reviews are joined, never taken away.
 */
reviews: Array<Review>, 
/**
 * The checks of `head`; `None` where the snapshot says nothing of checks. Those of another commit are left out.
 */
checks: Checks | null, 
/**
 * Whether the service would merge `head` now; `None` where it does not say. That of another commit is left out.
 */
mergeability?: Mergeability, 
/**
 * What its author wrote of it, in lines: plain text, whatever markup the service takes it for. `None` where the
 * snapshot does not say, empty where nothing was written.
 */
description?: string, 
/**
 * How much `head` would change; `None` where the snapshot does not say. That of another commit is left out.
 */
size?: Size, };

/**
 * Open, merged or closed.
 */
export type PullRequestState = "open" | "merged" | "closed";

/**
 * Something that has to be answered along with a yes.
 */
export type Question = { 
/**
 * Its name, as in `name=value`.
 */
name: string, 
/**
 * What it asks, in the service's words, where it has more than its name.
 */
summary?: string, 
/**
 * What the answer can be.
 */
ty: QuestionType, 
/**
 * The answer where none is given.
 */
default?: string, };

/**
 * What the answer to a [`Question`] can be.
 */
export type QuestionType = "text" | "bool" | { "choice": Array<string> } | "elsewhere";

/**
 * Only important notifications until then; `None` ends it. Answers with what holds now.
 */
export type Quiet = { 
/**
 * Until when.
 */
until: string | null, };

/**
 * Why only important notifications are shown.
 */
export type QuietStatus = { 
/**
 * Until when.
 */
until: string, 
/**
 * True where a person asked for it; false for quiet hours.
 */
asked: boolean, };

/**
 * How many calls a service still allows, as it last reported it.
 */
export type RateLimit = { 
/**
 * Calls allowed in the window.
 */
limit: number, 
/**
 * Calls left in it.
 */
remaining: number, 
/**
 * When the window ends.
 */
reset_at: string, };

/**
 * Reads a line as far as it goes. Never an error: what is wrong is part of the response.
 */
export type ReadLine = { 
/**
 * The line as typed.
 */
line: string, };

/**
 * How one rule came out, and why.
 */
export type Reason = { 
/**
 * The rule's name.
 */
rule: string, 
/**
 * True for one of the rules that come with Callboard.
 */
builtin: boolean, 
/**
 * How it came out.
 */
outcome: RuleOutcome, 
/**
 * Why, in plain words.
 */
why: string, };

/**
 * Reads the configuration again, now.
 */
export type Reload = Record<symbol, never>;

/**
 * Takes an account out of the configuration, and its secrets from where they are kept.
 */
export type RemoveAccount = { 
/**
 * Which.
 */
account: AccountName, };

/**
 * What would be decided otherwise.
 */
export type Replay = { 
/**
 * How many events were looked at.
 */
events: number, 
/**
 * Those of which something else would come, the latest first.
 */
otherwise: Array<Replayed>, };

/**
 * An event of which something else would come.
 */
export type Replayed = { 
/**
 * The event.
 */
event: Event, 
/**
 * What was decided when it was seen; where other rules are tried, what the active ones decide of the item as it is now, so
 * that only the rules make the difference.
 */
before: Decision, 
/**
 * What the tried rules decide, of the item as it is now.
 */
after: Decision, };

/**
 * A permission that a command needs and the credential does not have.
 */
export type RequiredScope = { 
/**
 * The service's name for it, such as `workflow`.
 */
scope: string, 
/**
 * What to do about it.
 */
remedy: string, };

/**
 * Records whether a run of which that was not known did happen, as a person found out.
 */
export type ResolveRun = { 
/**
 * The run's id, or the start of it.
 */
id: string, 
/**
 * True where it ran.
 */
ran: boolean, };

/**
 * Sends a delivery again that failed, is not known, or waits.
 */
export type Retry = { 
/**
 * Its id, or the start of it.
 */
id: string, };

/**
 * One review by one person at one time.
 */
export type Review = { 
/**
 * The reviewer's login name.
 */
by: string, 
/**
 * When it was given. `(by, at)` names the review.
 */
at: string, 
/**
 * What it says.
 */
verdict: Verdict, 
/**
 * The commit that was reviewed, where known: as it was first seen, because services may point a review to another
 * commit after a forced push.
 */
commit?: string, };

/**
 * What a command is to an item that it runs on: what people look for on every row, whatever the service calls it.
 * Clients give each its own key and place.
 */
export type Role = "again" | "approve" | "deny" | "take" | "merge" | "resolve" | "assign" | "release" | "comment" | "stop" | "log" | "show";

/**
 * One item on the board.
 */
export type Row = { 
/**
 * Which item.
 */
key: ItemKey, 
/**
 * Its glyph.
 */
state: State, 
/**
 * In somebody's hands: drawn hollow and grey. What nobody has yet is filled.
 */
held: boolean, 
/**
 * What it is: "web main", "Checkout slower than 2 s".
 */
title: string, 
/**
 * More, for who has room to read it: "unit tests failed", "billing", "acme/web#479, 1 approval".
 */
second: string, 
/**
 * Whose turn it is.
 */
turn: Turn | null, 
/**
 * Since when it has been so: an approval was asked for, an incident began, a branch turned red, a pull request was opened.
 */
since: string | null, 
/**
 * Where it can be seen.
 */
url: string | null, 
/**
 * How bad an incident is.
 */
severity: Severity | null, 
/**
 * How many approve a pull request.
 */
approvals: number | null, 
/**
 * The checks of a pull request.
 */
checks: ChecksStatus | null, 
/**
 * Until when an approval can be answered.
 */
expires_at: string | null, 
/**
 * How long it is snoozed.
 */
snoozed: Snoozed | null, 
/**
 * Who snoozed it, and through what, where a person did and that was recorded.
 */
snoozed_by?: Actor | null, 
/**
 * Where its account, or its part of it, cannot be read: when this was last so.
 */
as_of: string | null, 
/**
 * The runs on it of which nobody knows whether they ran, the latest first. Filled in on the board and on an item's page.
 */
in_doubt?: Array<RunInDoubt>, };

/**
 * A rule as written in the configuration.
 */
export type RuleConfig = { 
/**
 * What people call it.
 */
name: string, 
/**
 * A CEL expression over `event` and `item` that says true or false.
 */
when: string, 
/**
 * What to do on this desktop. Where it is not given: what the rules below say if this one goes on, else `show`.
 */
do?: NotifyLevel | null, 
/**
 * Channels (names or addresses, maybe templates over `event` and `item`) to post the event in.
 */
post: Array<string>, 
/**
 * CEL expressions; events for which they give the same values make one notification. The item's repository where not given.
 */
group_by: Array<string>, 
/**
 * Go on to the rules below, and add what they say.
 */
continue: boolean, 
/**
 * False for a rule that is switched off: it is checked like any other, and never matches. Left out where true.
 */
enabled?: boolean, };

/**
 * What is wrong with one of the rules that were to be tried.
 */
export type RuleFault = { 
/**
 * Which of them, counted from 0.
 */
rule: number, 
/**
 * Which of its keys: `name`, `when`, `post`, `group_by`.
 */
key: string, 
/**
 * What is wrong, with the nearest right name.
 */
what: string, };

/**
 * A rule and what it did lately.
 */
export type RuleInfo = { 
/**
 * The rule as written.
 */
rule: RuleConfig, 
/**
 * True for one of those that come with Callboard.
 */
builtin: boolean, 
/**
 * How many events it matched in the last 7 days.
 */
matched: number, 
/**
 * The latest event that it matched.
 */
last: Event | null, };

/**
 * How a rule came out.
 */
export type RuleOutcome = "matched" | "not_matched" | "failed" | "not_reached";

/**
 * Why was (or wasn't) I notified of this?
 */
export type RulesExplain = { 
/**
 * The event's number.
 */
event: number, };

/**
 * The active rules, in their order, the built-in ones last.
 */
export type RulesQuery = Record<symbol, never>;

/**
 * What other rules would have made of the latest events. Nothing is shown or posted.
 */
export type RulesReplay = { 
/**
 * How many of the latest events that were decided upon; at most 1,000.
 */
last: number, 
/**
 * A person's own rules, to be tried in place of the active ones; `None` tries the active ones.
 */
rules: Array<RuleConfig> | null, };

/**
 * A run as recorded.
 */
export type Run = { 
/**
 * A UUID v7.
 */
id: string, 
/**
 * The command's name.
 */
command: string, 
/**
 * The line as typed or prefilled.
 */
line: string, 
/**
 * What the command was given.
 */
args: Args, 
/**
 * The account that it ran as, where it is a connector's action.
 */
account: string | null, 
/**
 * The row that it was run on, or that it began.
 */
item: ItemKey | null, 
/**
 * Who did it, for people: the account's name on its service, as in "ana (GitHub)"; where the service does not say, the
 * person or program that asked. Empty only where an older version recorded neither.
 */
by: string, 
/**
 * Who asked for it, and through what. `None` for what an older version recorded.
 */
actor?: Actor | null, 
/**
 * When it was asked for.
 */
started_at: string, 
/**
 * When it ended, or was found to be not known. Resolving it later does not change that. It lies before
 * `started_at` where the clock was set back meanwhile: see [`Run::took`].
 */
ended_at: string | null, 
/**
 * How far it is.
 */
state: RunState, 
/**
 * Where its outcome goes; `None` for a private run.
 */
post: Address | null, };

/**
 * A run of which nobody knows whether it ran: see [`RunState::Unknown`](crate::run::RunState::Unknown).
 */
export type RunInDoubt = { 
/**
 * Its id, by which a person who has looked resolves it.
 */
id: string, 
/**
 * Its line, as people read it.
 */
line: string, 
/**
 * What is known.
 */
why: string, };

/**
 * How far a run is.
 */
export type RunProgress = { 
/**
 * The run as recorded.
 */
run: Run, 
/**
 * The latest status line of the command.
 */
said: string, 
/**
 * The output after what was seen. Of a long one the beginning and the end are kept; a line in between counts the rest.
 */
output: Array<string>, 
/**
 * How far the output goes now, in bytes.
 */
seen: number, 
/**
 * The steps that have begun, the first one first.
 */
steps: Array<RunStep>, 
/**
 * The message with its outcome.
 */
delivery: Delivery | null, 
/**
 * Why its end is not on the record yet, where it has ended and the store cannot be written. That is tried again.
 */
unrecorded: string | null, };

/**
 * How far a run is.
 */
export type RunState = { "state": "pending", 
/**
 * When it begins.
 */
until: string, } | { "state": "running" } | { "state": "done", 
/**
 * How.
 */
outcome: Outcome, } | { "state": "failed", 
/**
 * Why.
 */
error: ServiceError, } | { "state": "canceled", 
/**
 * True where something had been sent and answered by then: that stays done. What was recorded before this was
 * known counts as sent.
 */
sent: boolean, } | { "state": "unknown", 
/**
 * What is known.
 */
why: string, } | { "state": "settled", 
/**
 * True where it ran.
 */
ran: boolean, 
/**
 * Who resolved it. Empty only where an older version did not know.
 */
by: string, 
/**
 * When they did.
 */
at: string, 
/**
 * What was known before.
 */
why: string, };

/**
 * A step of a run.
 */
export type RunStep = { 
/**
 * What it is, in a few words: "queued".
 */
said: string, 
/**
 * When it began.
 */
at: string, };

/**
 * Runs, newest first.
 */
export type RunsQuery = { 
/**
 * At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST).
 */
limit: number, 
/**
 * Only those that began before this one: its id, or the start of it.
 */
before?: string | null, };

/**
 * Full-text search over items and runs.
 */
export type Search = { 
/**
 * Words, or parts of them.
 */
text: string, 
/**
 * At most this many of each kind, up to [`LONGEST_LIST`](super::LONGEST_LIST).
 */
limit: number, 
/**
 * Not the first so many of each kind: the pages before.
 */
skip: number, };

/**
 * Something that a search found.
 */
export type SearchHit = { "found": "item", 
/**
 * Its key.
 */
key: ItemKey, 
/**
 * Its title.
 */
title: string, 
/**
 * Its state.
 */
status: string, 
/**
 * The runs on it of which nobody knows whether they ran, the latest first.
 */
in_doubt?: Array<RunInDoubt>, } | { "found": "run", 
/**
 * Its id.
 */
id: string, 
/**
 * Its line.
 */
line: string, 
/**
 * The line as people read it, where that is another one: alerts go by what they are called.
 */
named_line?: string, 
/**
 * Its state.
 */
state: string, };

/**
 * A secret to be stored. It is never shown.
 */
export type Secret = string;

/**
 * The kinds of store, as `secrets.store` names them.
 */
export type SecretBackend = "keychain" | "session" | "file" | "env";

/**
 * Reports that an account's secret was set or removed: the account is reconnected.
 */
export type SecretChanged = { 
/**
 * The account.
 */
account: AccountName, };

/**
 * A secret of a service's accounts.
 */
export type SecretInfo = { 
/**
 * Its name: `token`.
 */
name: string, 
/**
 * What it is and where to get it.
 */
help: string, 
/**
 * True where there must be one.
 */
required: boolean, };

/**
 * Rows that belong together.
 */
export type Section = { 
/**
 * What they are: `Approvals`, `Incidents`, `Builds`, `Pull requests`, `Running`, `Waiting on others`, `Quiet`, `Snoozed`.
 */
title: string, 
/**
 * The most urgent first, at most [`MOST_ROWS`].
 */
rows: Array<Row>, 
/**
 * How many there are in all.
 */
total: number, 
/**
 * How many of them are in `rows`.
 */
shown: number, };

/**
 * The owner of the store.
 */
export type ServerInfo = { 
/**
 * Its version; clients of another version say so.
 */
version: string, 
/**
 * Its process.
 */
pid: number, 
/**
 * The configuration file that it runs on.
 */
config: string, 
/**
 * True where it polls and listens; false for a command that holds the store for a moment.
 */
serving: boolean, 
/**
 * Where webhooks are received.
 */
webhook_addr: string | null, };

/**
 * How a call to a service failed. Texts are for people, and never hold a secret.
 */
export type ServiceError = { "error": "auth", 
/**
 * In plain words.
 */
why: string, 
/**
 * The service's names for what is lacking, where it says.
 */
missing_scopes: Array<string>, 
/**
 * True where the service knows who asks, and does not permit it. False where it refused the credential, got none,
 * or does not say which.
 */
signed_in?: boolean, } | { "error": "rate_limited", 
/**
 * In plain words.
 */
why: string, 
/**
 * How long to wait from then on: as the service asks, [`LONGEST_RETRY_AFTER`] at most. Of trouble on record it
 * is counted from its beginning, and so may be longer: see [`ServiceError::counted_from`].
 */
retry_after: { secs: number; nanos: number }, } | { "error": "rejected", 
/**
 * In plain words, the service's own where it gave any.
 */
why: string, } | { "error": "unavailable", 
/**
 * In plain words.
 */
why: string, } | { "error": "unknown", 
/**
 * In plain words.
 */
why: string, };

/**
 * A service, and what an account of it needs.
 */
export type ServiceInfo = { 
/**
 * Its name in the configuration: `github`.
 */
service: string, 
/**
 * What it is called: `GitHub`.
 */
title: string, 
/**
 * What it is good for, in a line.
 */
summary: string, 
/**
 * What can be set, required ones first.
 */
settings: Array<SettingInfo>, 
/**
 * The secrets that it needs or can use.
 */
secrets: Array<SecretInfo>, };

/**
 * The services that an account can be of.
 */
export type ServicesQuery = Record<symbol, never>;

/**
 * Stores or replaces a secret of an account, and reconnects the account.
 */
export type SetSecret = { 
/**
 * Which account.
 */
account: AccountName, 
/**
 * Which secret.
 */
field: string, 
/**
 * What it is; `None` removes it.
 */
secret: Secret | null, };

/**
 * A setting of a service's accounts.
 */
export type SettingInfo = { 
/**
 * Its key in the account's table: `watch`.
 */
name: string, 
/**
 * What it is, in a line or two.
 */
help: string, 
/**
 * What it takes.
 */
takes: SettingType, 
/**
 * True where there must be one.
 */
required: boolean, 
/**
 * What it is where it is not set, where that is known.
 */
default: JsonValue | null, };

/**
 * What a setting takes.
 */
export type SettingType = "text" | "list" | "bool" | "number" | { "choice": Array<string> };

/**
 * The active configuration.
 */
export type Settings = { 
/**
 * Where the file is.
 */
path: string, 
/**
 * What is active, in the shape of the file, defaults included; accounts are asked for apart.
 */
settings: JsonValue, 
/**
 * What is wrong with the file, while the previous one is active.
 */
errors: Array<ConfigError>, };

/**
 * The configuration file as it is, and what is wrong with it.
 */
export type SettingsQuery = Record<symbol, never>;

/**
 * How bad an incident is.
 */
export type Severity = "info" | "warning" | "unknown" | "high" | "critical";

/**
 * What a yes would ship, as far as it is known.
 */
export type Shipment = { 
/**
 * What is there now: a version or a commit.
 */
from: string | null, 
/**
 * What would be there.
 */
to: string | null, 
/**
 * How many commits lie between them.
 */
commits: number | null, 
/**
 * The newest changes, a line each, the newest first.
 */
changes: Array<string>, 
/**
 * The pull requests that brought these changes: `#479 Warm the price cache`.
 */
pull_requests?: Array<string>, 
/**
 * The checks of the commit that a yes is for.
 */
checks?: Checks, 
/**
 * Where the changes can be seen.
 */
url?: string, 
/**
 * What of all this could not be read, and why: a line each.
 */
unread?: Array<string>, };

/**
 * How much a commit would change, by the service's count.
 */
export type Size = { 
/**
 * The commit.
 */
commit: string, 
/**
 * Lines added.
 */
added: number, 
/**
 * Lines removed.
 */
removed: number, 
/**
 * Files changed.
 */
files: number, 
/**
 * The version ([`PullRequest::updated_at`]) of the snapshot that it is from: the newer one wins, because the same commit
 * may come to be compared with another base.
 */
at: string, };

/**
 * Takes an item off the board for a while.
 */
export type Snooze = { 
/**
 * The item's key, or any unambiguous part of its reference.
 */
item: string, 
/**
 * Until when; `None` until it changes.
 */
until: string | null, };

/**
 * A time until which an item can be snoozed.
 */
export type SnoozeTime = { 
/**
 * Its name on the command line: `1h`, `tomorrow`, `monday`, `change`; of one that was typed, the time itself.
 */
name: string, 
/**
 * "Until tomorrow, 9:00".
 */
words: string, 
/**
 * For [`Snooze`].
 */
until: string | null, };

/**
 * The times until which an item can be snoozed, by the calendar of this computer.
 */
export type SnoozeTimes = { 
/**
 * A time as a person types it: the answer is that one time, or what can be typed. Without it, the times to offer.
 */
typed?: string | null, };

/**
 * How long an item is off the board.
 */
export type Snoozed = "until_change" | { "until": string };

/**
 * Runs a line.
 */
export type StartRun = { 
/**
 * What to run and where to post.
 */
what: PlanQuery, 
/**
 * The answer of the person to [`Plan::confirm`]: `yes`, or the text asked for. It is for what was shown, so it needs
 * the fingerprint too.
 */
confirmed: string | null, 
/**
 * [`Plan::fingerprint`] of what was shown. A client that has shown and asked nothing may leave it out: then it
 * is prepared and run in one step.
 */
fingerprint: string | null, 
/**
 * True holds it for five seconds as [`callboard_domain::run::RunState::Pending`] before anything is sent, so that
 * [`Cancel`] takes it back, for every client: for what runs at a key or a button, with no preview. It is held here and
 * not in the client, so that a window that is closed neither loses nor hurries it; where Callboard itself ends within
 * that time, nothing is sent and the run is `Canceled`. Each waits by itself, however many there are.
 */
undo: boolean, };

/**
 * What a row is, by its glyph's shape.
 */
export type State = "failing" | "incident" | "attention" | "running" | "passing" | "quiet";

/**
 * The whole in numbers and words.
 */
export type Status = { 
/**
 * What the tray shows, by priority: offline, failing, needs you, do not disturb, not all is seen,
 * with someone already, calm.
 */
icon: TrayIcon, 
/**
 * How many things need a person.
 */
count: number, 
/**
 * The board in a line. Where something is not seen, it names that; where no account is watched, it says so.
 */
summary: string, 
/**
 * What is to be watched and is not seen, the worst first.
 */
not_seen: Array<NotSeen>, 
/**
 * The watched accounts that are connected: they answer, be it that they allow no more calls for now.
 */
accounts_ok: number, 
/**
 * All accounts that are watched.
 */
accounts: number, 
/**
 * Those that are watched and can be read now; `None` where an earlier version answers.
 */
watched?: number | null, 
/**
 * What is wrong with the others, the worst first: "ci needs sign-in".
 */
troubles: Array<AccountProblem>, 
/**
 * When the next account is polled.
 */
next_check: string | null, 
/**
 * Only important notifications until then: a person asked for it, or it is a quiet hour.
 */
quiet: QuietStatus | null, 
/**
 * What is wrong with the configuration file, while the previous one is active.
 */
errors: Array<ConfigError>, 
/**
 * Runs under way.
 */
runs: number, 
/**
 * Messages that have not arrived and will not by themselves, or that are late.
 */
undelivered: number, };

/**
 * The whole in numbers and words: for the tray, a footer, a status bar.
 */
export type StatusQuery = Record<symbol, never>;

/**
 * One thing that a command would do: a request, a program, a wait.
 */
export type Step = { 
/**
 * In a few words: "Start acme/web on ci.acme.example".
 */
what: string, 
/**
 * The request or program itself, one line or several; empty for a wait.
 */
exactly: string, };

/**
 * The board in numbers. Snoozed items do not count.
 */
export type Summary = { 
/**
 * Branches that are red: default ones, and those that I broke.
 */
failing: number, 
/**
 * Incidents that are not over.
 */
incidents: number, 
/**
 * Those of them that somebody has.
 */
held: number, 
/**
 * Pull requests whose turn is mine.
 */
needs_you: number, 
/**
 * Builds under way: of default branches, and mine.
 */
running: number, 
/**
 * Approvals that wait for my answer.
 */
approvals: number, 
/**
 * Approvals of which it is not known whether they wait for my answer.
 */
maybe_approvals: number, };

/**
 * Asks the service who the account is and what it may do.
 */
export type TestAccount = { 
/**
 * The account.
 */
account: AccountName, };

/**
 * A piece of a text.
 */
export type TextSpan = { 
/**
 * What it says.
 */
text: string, 
/**
 * True where it is what was looked for.
 */
hit: boolean, };

/**
 * The tone of a message.
 */
export type Tone = "running" | "good" | "bad" | "attention" | "unknown" | "neutral";

/**
 * What the tray shows.
 */
export type TrayIcon = "offline" | "failing" | "attention" | "partial" | "do_not_disturb" | "acknowledged" | "calm";

/**
 * Whose turn it is, and for what.
 */
export type Turn = { 
/**
 * True where it is mine.
 */
mine: boolean, 
/**
 * Who it is, where not (only) me.
 */
who: Array<string>, 
/**
 * What is awaited, for those who decide by it.
 */
kind: TurnKind, 
/**
 * The same in words: `your review`, `merge it`, `review by bo`, `changes by ana`, `checks`.
 */
what: string, };

/**
 * What is awaited of the person whose turn it is.
 */
export type TurnKind = "finish" | "review" | "changes" | "fix_checks" | "checks" | "conflicts" | "merge" | "may_merge" | "update_branch" | "blocked" | "review_again" | "request_review" | "respond" | "fix_build" | "approve";

/**
 * Puts an item back on the board.
 */
export type Unsnooze = { 
/**
 * The item's key, or any unambiguous part of its reference.
 */
item: string, };

/**
 * A user of a service, or what acts there in place of one.
 */
export type User = { 
/**
 * What the service identifies them by: two users are the same only by this. See [`crate::identity::Identity::login`].
 */
id: string, 
/**
 * What people call them.
 */
name: string, };

/**
 * The verdict of a review. A dismissal replaces the one that the same review had.
 */
export type Verdict = "commented" | "approved" | "changes_requested" | "dismissed";

/**
 * Through what somebody asks.
 */
export type Via = { "kind": "launcher" } | { "kind": "tray" } | { "kind": "notification" } | { "kind": "cli" } | { "kind": "rule" } | { "kind": "configuration" } | { "kind": "chat", 
/**
 * The account of the chat.
 */
account: AccountName, 
/**
 * The channel.
 */
channel: string, 
/**
 * The id of the message.
 */
message: string, } | { "kind": "schedule", 
/**
 * The command that it runs.
 */
command: string, } | { "kind": "hook", 
/**
 * Its name.
 */
name: string, } | { "kind": "mcp", 
/**
 * What it calls itself.
 */
client: string, } | { "kind": "unreadable" };

/**
 * The line that these values make, as it would be typed.
 */
export type WriteLine = { 
/**
 * The command.
 */
command: string, 
/**
 * The values by argument, and `account`, where it is said whose it is to run; empty ones are left out.
 */
values: { [key in string]: string }, };

/** Every call: what it takes and what it answers with. */
export interface Calls {
  hello: { params: Hello; answer: ServerInfo };
  status: { params: StatusQuery; answer: Status };
  changes: { params: Changes; answer: number };
  notices: { params: NotificationsQuery; answer: PendingNotifications };
  doctor: { params: Doctor; answer: Array<Check> };
  reload: { params: Reload; answer: null };
  settings: { params: SettingsQuery; answer: Settings };
  configure: { params: Configure; answer: Settings };
  board: { params: BoardQuery; answer: Board };
  off_board: { params: OffBoardQuery; answer: Array<OffBoardItem> };
  events: { params: EventsQuery; answer: Events };
  item: { params: ItemQuery; answer: ItemDetail };
  item_log: { params: ItemLog; answer: LogTail | null };
  follow_log: { params: FollowLog; answer: LogProgress | null };
  find: { params: Find; answer: Found };
  search: { params: Search; answer: Array<SearchHit> };
  snooze: { params: Snooze; answer: null };
  unsnooze: { params: Unsnooze; answer: null };
  snooze_times: { params: SnoozeTimes; answer: Array<SnoozeTime> };
  quiet: { params: Quiet; answer: string | null };
  activity: { params: ActivityQuery; answer: Activity };
  audit: { params: AuditQuery; answer: Array<AuditEntry> };
  audit_verify: { params: AuditVerify; answer: AuditVerification };
  audit_export: { params: AuditExportQuery; answer: AuditExport };
  rules: { params: RulesQuery; answer: Array<RuleInfo> };
  rules_explain: { params: RulesExplain; answer: Explanation };
  rules_replay: { params: RulesReplay; answer: Replay };
  commands: { params: CommandsQuery; answer: Array<CommandInfo> };
  help: { params: HelpQuery; answer: CommandInfo };
  read_line: { params: ReadLine; answer: LineRead };
  write_line: { params: WriteLine; answer: string };
  choices: { params: ChoicesQuery; answer: Array<FoundChoice> };
  prepare: { params: PlanQuery; answer: Plan };
  run: { params: StartRun; answer: Run };
  follow_run: { params: FollowRun; answer: RunProgress };
  runs: { params: RunsQuery; answer: Array<Run> };
  cancel: { params: Cancel; answer: Run };
  resolve_run: { params: ResolveRun; answer: Run };
  prepare_post: { params: PostPlanQuery; answer: PostPlan };
  post: { params: Post; answer: Delivery };
  room: { params: BuiltinRoomQuery; answer: Array<BuiltinRoomMessage> };
  rooms: { params: ChannelActivityQuery; answer: Array<ChannelActivity> };
  channel_messages: { params: ChannelMessages; answer: Array<ChannelMessage> };
  channels: { params: ChannelsQuery; answer: Array<ChannelInfo> };
  deliveries: { params: DeliveriesQuery; answer: Array<Delivery> };
  retry: { params: Retry; answer: Delivery };
  flush: { params: Flush; answer: Array<Delivery> };
  services: { params: ServicesQuery; answer: Array<ServiceInfo> };
  accounts: { params: AccountsQuery; answer: Array<AccountInfo> };
  add_account: { params: AddAccount; answer: AccountInfo };
  edit_account: { params: EditAccount; answer: AccountInfo };
  set_secret: { params: SetSecret; answer: AccountInfo };
  remove_account: { params: RemoveAccount; answer: null };
  test_account: { params: TestAccount; answer: Identity };
  secret_changed: { params: SecretChanged; answer: null };
  poll_now: { params: PollNow; answer: Array<AccountInfo> };
}
