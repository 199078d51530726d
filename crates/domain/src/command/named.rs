//! What a service identifies by ids that few people know: people type a name, and it is resolved to an id before anything is
//! sent.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ArgError, arg_error::MOST_CANDIDATES};

/// Something of a service: a user, a schedule, a service that is watched there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Named {
    /// What the service identifies it by.
    pub id: String,
    /// What people call it, the usual name first: "Ben Smith", "ben@acme.example". Empty where that is not known.
    pub names: Vec<String>,
}

/// Its name with its id: two may have one name.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.names.first() {
            Some(name) => write!(f, "{name} ({})", self.id),
            None => f.write_str(&self.id),
        }
    }
}

/// What a service found for a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// What it may mean.
    pub found: Vec<Named>,
    /// False where there may be more that could not be read.
    pub complete: bool,
}

/// How well a text names something: the better way counts, whatever else it would fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// Its id.
    Id,
    /// One of its names.
    Name,
    /// Words of one of its names, or of what is before the `@` of an address.
    Words,
}

impl Lookup {
    /// Nothing but this.
    pub fn only(named: Named) -> Self {
        Self { found: vec![named], complete: true }
    }

    /// The one thing that was meant by `typed`, the value of `arg`. `what` it is to be follows "expected": "a user's id, name
    /// or e-mail address".
    ///
    /// # Errors
    /// [`ArgError::Ambiguous`] and [`ArgError::Invalid`], both with what it could be. Where not all could be read, only an id
    /// is sure to mean one thing.
    pub fn one(self, arg: &str, what: &str, typed: &str) -> Result<Named, ArgError> {
        let wanted = folded(typed);
        let ranked: Vec<(Match, &Named)> =
            self.found.iter().filter_map(|named| Some((named.matches(typed, &wanted)?, named))).collect();
        let best = ranked.iter().map(|(how, _)| *how).min();
        let meant: Vec<&Named> =
            ranked.iter().filter(|(how, _)| Some(*how) == best).map(|(_, named)| *named).collect();
        match meant.as_slice() {
            [one] if self.complete || best == Some(Match::Id) => Ok((*one).clone()),
            [_] => {
                let near = listed(&self.found);
                let expected =
                    format!("an id, as not all that it may mean can be read; among them are {near}");
                Err(ArgError::invalid(arg, expected, typed))
            }
            [] if self.found.is_empty() => Err(ArgError::invalid(arg, what, typed)),
            [] => Err(ArgError::invalid(arg, format!("{what}, such as {}", listed(&self.found)), typed)),
            several => {
                let candidates = several.iter().take(MOST_CANDIDATES).map(|it| it.in_full()).collect();
                Err(ArgError::Ambiguous { arg: arg.to_owned(), found: typed.to_owned(), candidates })
            }
        }
    }
}

impl Named {
    fn matches(&self, typed: &str, wanted: &str) -> Option<Match> {
        let names: Vec<String> = self.names.iter().map(|name| folded(name)).collect();
        let has_words = |name: &String| {
            // The host of an address names everybody.
            let own = name.split_once('@').map_or(name.as_str(), |(user, _)| user);
            let own: Vec<&str> = words(own).collect();
            let mut wanted = words(wanted).peekable();
            wanted.peek().is_some() && wanted.all(|word| own.contains(&word))
        };
        if self.id == typed.trim() {
            Some(Match::Id)
        } else if names.iter().any(|name| name == wanted) {
            Some(Match::Name)
        } else if !wanted.contains('@') && names.iter().any(has_words) {
            // An address is one thing: its parts name others too.
            Some(Match::Words)
        } else {
            None
        }
    }

    /// With everything that distinguishes it from others: "Ben Smith (PUSER01, ben@acme.example)".
    fn in_full(&self) -> String {
        match self.names.as_slice() {
            [] => self.id.clone(),
            [name, more @ ..] => {
                let more: String = more.iter().map(|name| format!(", {name}")).collect();
                format!("{name} ({}{more})", self.id)
            }
        }
    }
}

/// Without what does not distinguish names: case, and how wide the spaces are.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn listed(found: &[Named]) -> String {
    let names: Vec<_> = found.iter().take(MOST_CANDIDATES).map(Named::in_full).collect();
    names.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &str, names: &[&str]) -> Named {
        Named { id: id.into(), names: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    fn people() -> Vec<Named> {
        vec![
            named("PBEN001", &["Ben Smith", "ben@acme.example"]),
            named("PBEN002", &["Ben Stone", "b.stone@acme.example"]),
            named("PANA001", &["Ana Lima", "ana@acme.example"]),
            named("PANA002", &["Ana Lima", "ana.lima@acme.example"]),
            named("PODD001", &["PBEN001", "odd@acme.example"]),
            named("PUML001", &["Jörg Groß", "joerg@acme.example"]),
            named("PNONE01", &[]),
        ]
    }

    #[test]
    fn lookup_resolves_to_one_thing_or_fails() {
        let cases = [
            ("PBEN001", Ok("PBEN001")),
            (" PBEN002 ", Ok("PBEN002")),
            ("ben smith", Ok("PBEN001")),
            ("BEN  SMITH", Ok("PBEN001")),
            ("smith ben", Ok("PBEN001")),
            ("ben@acme.example", Ok("PBEN001")),
            ("Ana@Acme.Example", Ok("PANA001")),
            ("stone", Ok("PBEN002")),
            ("jörg", Ok("PUML001")),
            ("JOERG", Ok("PUML001")),
            ("ben", Err("\"ben\" could be Ben Smith (PBEN001, ben@acme.example), Ben Stone (PBEN002, b.st")),
            ("ana lima", Err("could be Ana Lima (PANA001, ana@acme.example), Ana Lima (PANA002, ana.lima@")),
            ("be", Err("expected a user, such as Ben Smith (PBEN001, ben@acme.example) or Ben Stone")),
            ("acme", Err("expected a user")),
            ("ben@other.example", Err("expected a user")),
            ("stone@", Err("expected a user")),
            ("pben002", Err("expected a user")),
            ("", Err("expected a user")),
            ("-", Err("expected a user")),
        ];
        for (typed, expected) in cases {
            let found = Lookup { found: people(), complete: true }.one("person", "a user", typed);
            match (found, expected) {
                (Ok(named), Ok(id)) => assert_eq!(named.id, id, "{typed}"),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{typed}: {error}"),
                (found, expected) => panic!("{typed}: {found:?}, not {expected:?}"),
            }
        }
        let nobody = Lookup { found: Vec::new(), complete: true }.one("person", "a user", "ben");
        assert_eq!(nobody.unwrap_err().to_string(), "person: expected a user, found \"ben\"");
    }

    #[test]
    fn incomplete_lookup_accepts_only_ids() {
        let part = || Lookup { found: people(), complete: false };
        assert_eq!(part().one("person", "a user", "PBEN001").unwrap().id, "PBEN001");
        let error = part().one("person", "a user", "stone").unwrap_err().to_string();
        assert!(error.contains("expected an id, as not all that it may mean can be read"), "{error}");
    }

    #[test]
    fn shown_with_its_id() {
        assert_eq!(people()[0].to_string(), "Ben Smith (PBEN001)");
        assert_eq!(named("PNONE01", &[]).to_string(), "PNONE01");
    }
}
