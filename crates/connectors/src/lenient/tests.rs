use jiff::Timestamp;
use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Thing {
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "number")]
    count: Option<u32>,
    #[serde(deserialize_with = "flag")]
    on: bool,
    #[serde(deserialize_with = "details")]
    more: Vec<u8>,
    #[serde(deserialize_with = "or_nothing")]
    inner: Option<Box<Thing>>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Whole {
    #[serde(default, deserialize_with = "object")]
    inner: Thing,
    last: u8,
}

/// What the object is -> what is read of it; what follows it is read all the same.
#[test]
fn detail_object_is_read_as_far_as_possible() {
    let thing = |name: &str, count| Thing { name: name.to_owned(), count, ..Thing::default() };
    let cases = [
        (json!({ "name": "a", "count": 2, "links": [{ "name": "b" }] }), thing("a", Some(2))),
        (json!({ "name": 7, "count": { "of": 2 } }), thing("7", None)),
        (json!({ "inner": "x", "more": "x", "on": "true" }), Thing { on: true, ..thing("", None) }),
        (json!({}), Thing::default()),
        (json!(null), Thing::default()),
        (json!(true), Thing::default()),
        (json!(7), Thing::default()),
        (json!(-7), Thing::default()),
        (json!(7.5), Thing::default()),
        (json!("a \" word"), Thing::default()),
        (json!([{ "name": "a" }, []]), Thing::default()),
    ];
    for (inner, expected) in cases {
        let whole: Whole = serde_json::from_str(&json!({ "inner": inner, "last": 1 }).to_string()).unwrap();
        assert_eq!(whole, Whole { inner: expected, last: 1 }, "{inner}");
    }
    let whole: Whole = serde_json::from_str(r#"{"last":1}"#).unwrap();
    assert_eq!(whole.inner, Thing::default());
    // What is no JSON is nowhere read.
    assert!(serde_json::from_str::<Whole>(r#"{"inner":{"name":"a","last":1}"#).is_err());
}

#[test]
fn malformed_entry_is_named_and_the_rest_is_read() {
    let list = json!([
        { "name": "a" }, null, { "name": "b", "later": 1 }, 7, { "name": { "odd": 1 }, "id": 12 }, "x", [],
    ]);
    let entries: Entries<Thing> = serde_json::from_str(&list.to_string()).unwrap();
    let good: Vec<_> = entries.good.iter().map(|thing| thing.name.as_str()).collect();
    // An empty list reads as an object with nothing in it.
    assert_eq!(good, ["a", "b", ""]);
    let which: Vec<_> = entries.odd.iter().map(|odd| odd.which.as_str()).collect();
    assert_eq!(which, ["entry 2", "entry 4", "12 (entry 5)", "entry 6"]);
    let problem = entries.problem("", "things").unwrap();
    assert_eq!(problem.kind, ProblemKind::Malformed);
    assert!(
        problem.why.starts_with(
            "4 of 7 things cannot be read: entry 2: expected an object {...}, found nothing (null)"
        ),
        "{problem}"
    );
    assert!(problem.why.ends_with("; and 1 more"), "{problem}");
    for (list, good) in [("[]", 0), ("[{},{}]", 2)] {
        let entries: Entries<Thing> = serde_json::from_str(list).unwrap();
        assert_eq!((entries.good.len(), entries.problem("", "things")), (good, None));
    }
    for none in ["null", "{}", "[{}", "[1,", "\"\"", ""] {
        assert!(serde_json::from_str::<Entries<Thing>>(none).is_err(), "{none}: no list is not an empty one");
    }
}

#[test]
fn values_are_read_in_any_type() {
    let thing = |name: &str, count: Option<u32>, on: bool| Thing {
        name: name.to_owned(),
        count,
        on,
        ..Thing::default()
    };
    let cases = [
        (json!({ "name": "a", "count": 7, "on": true }), thing("a", Some(7), true)),
        (json!({ "name": 7, "count": "7", "on": "true" }), thing("7", Some(7), true)),
        (json!({ "name": true, "count": 7.0, "on": 1 }), thing("true", Some(7), true)),
        (json!({ "name": null, "count": null, "on": null }), thing("", None, false)),
        (json!({ "name": "é", "count": -1, "on": "no" }), thing("é", None, false)),
        (json!({ "count": 5_000_000_000_u64, "on": [] }), thing("", None, false)),
        (json!({ "count": 1e300, "on": {} }), thing("", None, false)),
        (json!({ "more": null, "inner": null }), thing("", None, false)),
        (json!({ "more": "x", "inner": 7 }), thing("", None, false)),
        (json!({ "more": [1, null, 300, 2] }), Thing { more: vec![1, 2], ..Thing::default() }),
        (json!({ "inner": { "name": {} } }), thing("", None, false)),
        (
            json!({ "inner": { "on": 1 } }),
            Thing { inner: Some(thing("", None, true).into()), ..Thing::default() },
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(serde_json::from_str::<Thing>(&value.to_string()).unwrap(), expected, "{value}");
    }
}

#[test]
fn dates_of_any_kind_are_read() {
    let noon = Some("2026-11-22T12:00:00Z");
    let (first, last) = (Some("0001-01-01T00:00:00Z"), Some("9000-01-01T00:00:00Z"));
    let cases = [
        (json!("2026-11-22T12:00:00Z"), noon),
        (json!("2026-11-22T12:00:00.000+0000"), noon),
        (json!("2026-11-22 13:00:00+01:00"), noon),
        (json!("2026-11-22 14:00:00 +0200"), noon),
        (json!(" 2026-11-22 12:00:00 UTC "), noon),
        (json!("2026-11-22T12:00:00"), noon),
        (json!("2026-11-22"), Some("2026-11-22T00:00:00Z")),
        (json!("Sun, 22 Nov 2026 12:00:00 GMT"), noon),
        (json!(1_795_348_800), noon),
        (json!("1795348800"), noon),
        (json!(1_795_348_800.0), noon),
        (json!(1_795_348_800_000_i64), noon),
        (json!(1_795_348_800_000_000_i64), noon),
        (json!(1_795_348_800_000_000_000_i64), noon),
        (json!("9999-12-31T23:59:59Z"), last),
        (json!("9999-12-30T00:00:00Z"), last),
        (json!("10000-01-01T00:00:00Z"), last),
        (json!("+292278994-08-17T07:12:55Z"), last),
        (json!(i64::MAX), Some("2262-04-11T23:47:16.854775807Z")),
        (json!("0001-01-01T00:00:00Z"), first),
        (json!(1e300), None),
        (json!(u64::MAX), Some("2554-07-21T23:34:33.709551615Z")),
        (json!("22/11/2026"), None),
        (json!("never"), None),
        (json!("2026-13-45T99:00:00Z"), None),
        (json!(""), None),
        (json!(null), None),
        (json!({}), None),
        (json!(true), None),
    ];
    for (value, expected) in cases {
        let Date(read) = serde_json::from_str(&value.to_string()).unwrap();
        assert_eq!(read.map(|at| at.to_string()).as_deref(), expected, "{value}");
    }
}

#[test]
fn malformed_date_is_named_and_a_missing_one_is_not() {
    let cases = [
        (json!("yesterday"), Some("expected a date, found the text \"yesterday\"")),
        (json!("2026-13-45T99:00:00Z"), Some("expected a date, found the text \"2026-13-45T99:00:00Z\"")),
        (json!(true), Some("expected a date, found true")),
        (json!({}), Some("expected a date, found a list or an object")),
        (json!(null), None),
        (json!(" "), None),
        (json!("2026-11-22"), None),
        (json!(1_795_348_800), None),
        (json!("0001-01-01T00:00:00Z"), None),
    ];
    for (value, expected) in cases {
        let Date(at) = serde_json::from_str(&value.to_string()).unwrap();
        let named: NamedDate = serde_json::from_str(&value.to_string()).unwrap();
        assert_eq!((named.at, named.unread.as_deref()), (at, expected), "{value}");
    }
}

#[test]
fn nothing_has_happened_in_the_future() {
    let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    for (at, expected) in
        [("2020-01-01T00:00:00Z", true), ("2026-11-23T12:00:00Z", true), ("2026-11-23T12:00:01Z", false)]
    {
        assert_eq!(not_ahead(Some(at.parse().unwrap()), now).is_some(), expected, "{at}");
    }
    assert_eq!(not_ahead(None, now), None);
}
