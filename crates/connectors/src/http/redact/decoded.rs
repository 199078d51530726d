//! The bytes that a text writes one by one, as numbers or as characters: they are searched as a text of their own.

use super::{
    seen::Seen,
    view::{Place, View},
};

/// Such bytes, read in one way; each with the place of what shows it: a number, or the whole line of a dump.
#[derive(Default)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    pub(super) places: Vec<Place>,
    /// True where of equal bytes in a row there is but one: how many there were is not known.
    pub(super) is_squeezed: bool,
}

impl Decoded {
    pub(super) fn seen(&self) -> Seen<Vec<Place>> {
        Seen::read(&self.bytes, |at| self.places[at])
    }

    /// Every byte of it.
    pub(super) fn raw(&self) -> View<Vec<Place>> {
        View::placed(self.bytes.clone(), self.places.clone())
    }

    /// Adds bytes that stand in one place, of equal ones in a row one.
    pub(super) fn add_unequal(&mut self, bytes: &[u8], place: Place) {
        for byte in bytes {
            if self.bytes.last() == Some(byte)
                && let Some(last) = self.places.last_mut()
            {
                last.1 = place.1;
            } else {
                self.bytes.push(*byte);
                self.places.push(place);
            }
        }
    }
}
