//! What a command file looks like: its tables, as they are read and as the JSON Schema describes them.

use std::{collections::BTreeMap, path::PathBuf, sync::LazyLock};

use callboard_domain::{command::Role, duration::Span};
use schemars::JsonSchema;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::choices::Listing;
use crate::config::keys_of;

/// The keys of a `[[command]]`.
pub(super) static COMMAND: LazyLock<Vec<String>> = LazyLock::new(keys_of::<Command>);
/// How a command can run.
pub(super) static RUNS: LazyLock<Vec<String>> = LazyLock::new(keys_of::<Run>);
/// How it will.
pub(super) const RUNS_NOT_YET: [&str; 4] = ["action", "mcp", "slash", "bot"];

/// A command file, as its JSON Schema describes it. Reading goes table by table, so that one fault hides no other.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct CommandFile {
    command: Vec<Command>,
}

/// A command, as the launcher and `callboard run` know it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Command {
    /// One word or more: `deploy`, `pr approve`.
    name: String,
    /// What it does, in a line.
    summary: String,
    /// The grammar of the typed line, such as `deploy <app>[/<ref>] to <env>`; the name where not given.
    usage: Option<String>,
    /// Other names for it.
    aliases: Option<Vec<String>>,
    /// Lines that work as they stand; they are tests.
    examples: Option<Vec<String>>,
    args: Option<BTreeMap<String, Arg>>,
    run: Run,
    result: Option<Result>,
    policy: Option<Policy>,
    /// How long a run may take; a minute where not given, or what `wait_for` needs.
    timeout: Option<Span>,
    /// By the method where not given; a program changes something.
    effect: Option<Effect>,
    /// What it is to the item that it runs on, which gives it its key and its place among the item's actions.
    role: Option<Role>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Effect {
    /// It only looks.
    Reads,
    /// It changes something.
    Changes,
}

/// What it does: one of these.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Run {
    Http(Http),
    Exec(Exec),
}

/// An argument.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arg {
    /// What it is, in a line.
    pub(super) summary: Option<String>,
    /// What it can be.
    pub(super) choices: Option<Vec<String>>,
    /// What on the board it can be; anything else can be typed as well.
    pub(super) choices_from: Option<Listing>,
    /// What it is where it is not given.
    pub(super) default: Option<Value>,
    /// What it can be, where there are no choices; any text where not given.
    #[serde(rename = "type")]
    pub(super) ty: Option<ArgType>,
    /// True where the command runs without it.
    #[serde(default)]
    pub(super) optional: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ArgType {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Bool,
    /// A length of time, such as `90s` or `15m`.
    Duration,
    /// A build on the board.
    Build,
    /// A pull request on the board.
    PullRequest,
    /// An incident on the board.
    Incident,
    /// An approval on the board.
    Approval,
}

/// One request, and maybe a wait for what it began. Texts are templates.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    /// The account whose base URL and credential are used.
    pub(super) account: String,
    /// The method.
    pub(super) method: Method,
    /// The path below the account's URL, such as `/deploy/{{ app }}`: a value stays in its segment. `{{ repo | path }}`
    /// keeps the slashes of a value.
    pub(super) path: String,
    /// Parameters of the query.
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    /// Headers, but for those that identify who asks.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// A JSON body. A text that is one `{{ name }}` and nothing else keeps the value's type.
    pub(super) json: Option<Value>,
    /// A form as the body.
    pub(super) form: Option<BTreeMap<String, String>>,
    pub(super) wait_for: Option<WaitFor>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

/// What is asked again and again after the answer, until it is over.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitFor {
    /// What is asked again and again: a path such as `/jobs/{{ body.id }}`, or a URL on the same host that the answer
    /// gave, such as `{{ body.status_url }}`.
    pub(super) get: String,
    /// What has to be true of `body` and `status`, in CEL.
    pub(super) until: String,
    /// How often to look; every 2 s where not given.
    pub(super) every: Option<Span>,
    /// How long it may take; 15 minutes where not given.
    pub(super) timeout: Option<Span>,
}

/// A program with its arguments, and never a shell. Texts but the program's are templates.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Exec {
    /// The program and its arguments.
    pub(super) argv: Vec<String>,
    /// Where it runs; the command file's folder where not given. A relative path is below that folder.
    pub(super) cwd: Option<PathBuf>,
    /// Environment variables besides those that Callboard has.
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    /// What it reads from its standard input.
    pub(super) stdin: Option<String>,
}

/// How its outcome is reported. Besides the arguments there are `body`, `status` (http), `exit` and `output` (exec).
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Result {
    /// True where it went well, in CEL; a status of success or an exit code of 0 where not given.
    pub(super) ok: Option<String>,
    /// The line that reports the outcome: a template, of the good end unless it names `ok`.
    pub(super) summary: Option<String>,
    /// Where it can be seen: a template.
    pub(super) link: Option<String>,
}

/// Where its outcome goes and what guards it.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    /// What is asked before it runs, in CEL: `none`, `yes` or `type:ARGUMENT`.
    pub(super) confirm: Option<String>,
    /// A name, of which only one run may be under way: a template.
    pub(super) lock: Option<String>,
    /// The channel that the outcome is posted in: a template.
    pub(super) post: Option<String>,
    /// Not yet.
    #[schemars(skip)]
    pub(super) approve: Option<IgnoredAny>,
}
