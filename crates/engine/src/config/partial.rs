//! A value read as far as it can be: what serde refuses in it is named and taken out, and the rest is read on, so that one fault
//! hides no other.

use std::{borrow::Cow, ops::Range};

use callboard_domain::{nearest, parse_error};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::error::MOST_FAULTS;

/// Stands where a text was refused in a list, so that the others keep their places; and for a name that is missing.
pub(crate) const STAND_IN: &str = "\u{1a}";

/// What was read of a value. With faults it is good for no more than looking for others.
pub(crate) struct Part<T> {
    pub(crate) value: T,
    /// The keys that were refused, or are missing.
    missing: Vec<String>,
    /// True where something stands in for what it must have.
    pub(crate) has_stand_ins: bool,
}

impl<T> Part<T> {
    /// True where a key was refused, is missing, or is misspelt: that is a fault already.
    pub(crate) fn is_missing(&self, key: &str) -> bool {
        is_among(&self.missing, key)
    }
}

fn is_among(written: &[String], key: &str) -> bool {
    written.iter().any(|it| nearest::edit_distance(it, key).is_some())
}

/// Stand-ins for required keys that are missing in a table.
pub(crate) type StandIns<'s, 't> = &'s [(&'s str, DeValue<'t>)];

/// A text that stands in for one that is missing.
pub(crate) fn text<'t>(text: impl Into<Cow<'t, str>>) -> DeValue<'t> {
    DeValue::String(text.into())
}

/// Reads a value with `read`, and gives what that refuses in it to `refuse`, and where entries of lists were refused, in bytes,
/// to `refused_entries`. `None` where a required key is missing and nothing stands in for it, and where more is
/// wrong in it than is named.
pub(super) fn read<'t, T>(
    mut value: Spanned<DeValue<'t>>,
    stand_ins: StandIns<'_, 't>,
    read: impl Fn(Spanned<DeValue<'t>>) -> Result<T, toml::de::Error>,
    mut refuse: impl FnMut(&toml::de::Error),
    refused_entries: &mut Vec<usize>,
) -> Option<Part<T>> {
    write_out_dates(value.get_mut());
    let mut absent: Vec<String> = Vec::new();
    let (mut has_stand_ins, mut list_is_cut) = (false, false);
    // One takes two rounds where a stand-in for it is refused as well.
    for _ in 0..2 * MOST_FAULTS {
        let error = match read(value.clone()) {
            Ok(value) => return Some(Part { value, missing: absent, has_stand_ins }),
            Err(error) => error,
        };
        if let Some(missing) = parse_error::missing(error.message()) {
            // What was taken out is not missing, nor is a key that is misspelt.
            if !is_among(&absent, missing) {
                refuse(&error);
            }
            absent.push(missing.to_owned());
            let Some((_, stand_in)) = stand_ins.iter().find(|(key, _)| *key == missing) else {
                // The table without the key may be left out itself.
                match take_out(&mut value, &error.span()?)? {
                    Taken::Key(key) | Taken::StandIns(key) => absent.push(key),
                    Taken::Entry(_) | Taken::StandIn => list_is_cut = true,
                }
                continue;
            };
            let table = table_at(value.get_mut(), error.span().as_ref())?;
            if table.contains_key(missing) {
                return None;
            }
            table.insert(
                Spanned::new(0..0, Cow::Owned(missing.to_owned())),
                Spanned::new(0..0, stand_in.clone()),
            );
            has_stand_ins = true;
            continue;
        }
        let taken = error.span().and_then(|span| take_out(&mut value, &span));
        let is_known = match &taken {
            Some(Taken::StandIn | Taken::StandIns(_)) => true,
            // A list without one of its entries has the wrong length.
            _ => list_is_cut && parse_error::is_of_length(error.message()),
        };
        if !is_known {
            refuse(&error);
        }
        match taken? {
            Taken::Key(key) | Taken::StandIns(key) => absent.push(key),
            Taken::Entry(place) => refused_entries.push(place),
            Taken::StandIn => list_is_cut = true,
        }
    }
    None
}

/// What was taken out of a value.
enum Taken {
    /// The entry of a table with that key.
    Key(String),
    /// An entry of a list, that begins there; a stand-in is in its place.
    Entry(usize),
    /// A stand-in, which is refused as well.
    StandIn,
    /// The entry of a table with that key: a list of stand-ins alone, which are refused as well.
    StandIns(String),
}

/// A date or a time as the text that it is written as: no value is one.
fn write_out_dates(value: &mut DeValue<'_>) {
    match value {
        DeValue::Datetime(at) => *value = DeValue::String(at.to_string().into()),
        DeValue::Array(list) => list.iter_mut().for_each(|entry| write_out_dates(entry.get_mut())),
        DeValue::Table(table) => table.iter_mut().for_each(|(_, entry)| write_out_dates(entry.get_mut())),
        _ => {}
    }
}

/// The table of that place; the outermost one where there is none.
fn table_at<'v, 't>(value: &'v mut DeValue<'t>, place: Option<&Range<usize>>) -> Option<&'v mut DeTable<'t>> {
    let is_within = |value: &DeValue<'_>| place.is_some_and(|place| has_table_at(value, place));
    match value {
        DeValue::Table(table) => {
            let key = table.iter().find_map(|(key, entry)| {
                let is_it = entry.get_ref().is_table() && Some(&entry.span()) == place;
                (is_it || is_within(entry.get_ref())).then(|| key.get_ref().to_string())
            });
            match key {
                Some(key) => table_at(table.get_mut(key.as_str())?.get_mut(), place),
                None => Some(table),
            }
        }
        _ => None,
    }
}

fn has_table_at(value: &DeValue<'_>, place: &Range<usize>) -> bool {
    let DeValue::Table(table) = value else { return false };
    table.values().any(|entry| {
        (entry.get_ref().is_table() && entry.span() == *place) || has_table_at(entry.get_ref(), place)
    })
}

fn is_stand_in(entry: &Spanned<DeValue<'_>>) -> bool {
    entry.get_ref().as_str() == Some(STAND_IN)
}

/// Takes the entry out of a table or list in which the place is, the innermost one.
fn take_out(value: &mut Spanned<DeValue<'_>>, place: &Range<usize>) -> Option<Taken> {
    let covers = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    // A table's own span is that of its header: what is in it is looked at before it.
    match value.get_mut() {
        DeValue::Table(table) => {
            for (key, value) in table.iter_mut() {
                let within = if covers(key.span()) { None } else { take_out(value, place) };
                if within.is_some() {
                    return within;
                }
                if covers(key.span()) || covers(value.span()) {
                    let is_about_the_key = covers(key.span());
                    let key = key.get_ref().to_string();
                    // What refuses an entry once it is read as a text names the place of the list.
                    if let DeValue::Array(list) = value.get_mut()
                        && !is_about_the_key
                        && list.iter().any(is_stand_in)
                    {
                        *list = list.iter().filter(|entry| !is_stand_in(entry)).cloned().collect();
                        if !list.is_empty() {
                            return Some(Taken::StandIn);
                        }
                        table.remove(key.as_str());
                        return Some(Taken::StandIns(key));
                    }
                    table.remove(key.as_str());
                    return Some(Taken::Key(key));
                }
            }
            None
        }
        DeValue::Array(list) => {
            for (at, value) in list.iter_mut().enumerate() {
                let within = take_out(value, place);
                if within.is_some() {
                    return within;
                }
                if !covers(value.span()) {
                    continue;
                }
                if !is_stand_in(value) {
                    *value.get_mut() = text(STAND_IN);
                    return Some(Taken::Entry(place.start));
                }
                let others = list.iter().enumerate().filter(|(place, _)| *place != at);
                *list = others.map(|(_, value)| value.clone()).collect();
                return Some(Taken::StandIn);
            }
            None
        }
        _ => None,
    }
}
