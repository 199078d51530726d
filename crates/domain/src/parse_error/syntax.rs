//! The syntax errors of the TOML parser, in plain words.

/// What a message of `toml_parser` begins with, what it ends with where that distinguishes it, and the text to show instead.
const WORDS: [(&str, &str, &str); 46] = [
    ("duplicate key", "", "this is there twice: keep one of the two"),
    (
        "cannot extend value of type",
        "",
        "this has a value already, and is no table that more can be added to",
    ),
    ("string values must be quoted", "", "expected a value: a text is written in quotes, \"...\""),
    ("invalid basic string", "`\"`", "this text does not end: a `\"` is missing"),
    ("invalid multi-line basic string", "`\"`", "this text does not end: a `\"\"\"` is missing"),
    ("invalid literal string", "`'`", "this text does not end: a `'` is missing"),
    ("invalid multi-line literal string", "`'`", "this text does not end: a `'''` is missing"),
    ("invalid basic string", "", "a control character in a text is written out, such as \\t"),
    ("invalid multi-line basic string", "", "a control character in a text is written out, such as \\t"),
    ("invalid literal string", "", "a text in '...' cannot hold this character: write it in \"...\""),
    ("invalid multi-line literal string", "", "a text in '''...''' cannot hold this character"),
    ("invalid string", "", "this is no text that can be read: write it in quotes, \"...\""),
    ("missing opening quote", "", "a quote is missing before this text"),
    (
        "missing escaped value",
        "",
        "in \"...\" a `\\` begins \\\\, \\\", \\n, \\t or \\u: write `\\\\`, or the text in '...'",
    ),
    ("too few unicode value digits", "", "\\u is followed by 4 digits from 0 to F, \\U by 8"),
    ("key with no value", "", "expected KEY = VALUE: a `=` and a value are missing"),
    ("missing value", "", "the value is missing"),
    ("missing assignment between key-value pairs", "", "expected KEY = VALUE: a `=` is missing"),
    ("extra assignment between key-value pairs", "", "there is a `=` too many"),
    ("extra `=`", "", "there is a `=` too many"),
    ("unexpected `=` in array", "", "a list holds values; KEY = VALUE stands in { ... }"),
    ("invalid key-value pair", "", "expected KEY = VALUE"),
    (
        "unexpected key or value",
        "",
        "the line goes on after its value: write the next KEY = VALUE on a line of its own",
    ),
    ("unquoted keys cannot be empty", "", "a name is missing here, of letters, digits, - and _"),
    ("invalid unquoted key", "", "a name has letters, digits, - and _ only, or stands in quotes"),
    ("keys cannot be multi-line", "", "a name stands in one line"),
    ("missing key for inline table element", "", "expected { KEY = VALUE, ... }: a name is missing"),
    ("invalid inline table element", "", "expected { KEY = VALUE, ... }"),
    ("missing inline table opening", "", "a `{` is missing"),
    ("unclosed inline table", "", "this does not end: a `}` is missing"),
    ("unclosed array table", "", "this does not end: write [[NAME]], with two brackets on either side"),
    ("unclosed array", "", "this list does not end: a `]` is missing"),
    ("unclosed table", "", "this does not end: write [NAME]"),
    ("missing array opening", "", "a `[` is missing"),
    ("missing table open", "", "a `[` is missing"),
    ("missing comma", "", "a comma is missing"),
    ("extra comma", "", "there is a comma too many"),
    ("invalid boolean", "", "expected true or false, in small letters"),
    ("unexpected leading zero", "", "a number does not begin with 0"),
    ("invalid date-time", "", "this is no date or time: a text is written in quotes, \"...\""),
    ("invalid comment character", "", "a comment cannot hold this character"),
    ("unexpected content", "", "expected KEY = VALUE, [NAME] or a comment (#)"),
    ("missing comment start", "", "a comment begins with #"),
    ("carriage return must be followed by newline", "", "a line cannot end in a carriage return (\\r) alone"),
    ("cannot recurse further", "", "it is nested too deep"),
    ("recursion limit", "", "it is nested too deep"),
];

/// What a message about a number begins with.
const NUMBERS: [&str; 15] = [
    "invalid mantissa",
    "invalid fraction",
    "invalid exponent",
    "invalid float",
    "invalid integer number",
    "invalid hexadecimal number",
    "invalid octal number",
    "invalid binary number",
    "integers with a radix",
    "radix must be lowercase",
    "redundant",
    "unexpected sign",
    "`_` may only go between digits",
    "integer number overflowed",
    "floating-point number overflowed",
];

/// Plain words for a message; `None` where it is none that is known.
pub(super) fn translate(message: &str) -> Option<&'static str> {
    if NUMBERS.iter().any(|start| message.starts_with(start)) {
        return Some("this is no number such as 60 or 0.5: a text is written in quotes, \"...\"");
    }
    let found = WORDS.iter().find(|(start, end, _)| message.starts_with(start) && message.ends_with(end));
    found.map(|(_, _, plain)| *plain)
}
