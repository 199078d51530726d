//! A connection to a Wayland compositor, with the messages as they are on the wire; what they mean is in the protocols'
//! XML.

use std::{
    fs::File,
    io::{IoSlice, Read, Write},
    mem::MaybeUninit,
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::PATIENCE;

// The numbers of objects: the first is given, the others are chosen here, without gaps.
const DISPLAY: u32 = 1;
const REGISTRY: u32 = 2;
const CALLBACK: u32 = 3;

/// The number of the first object that others make.
pub(super) const FIRST: u32 = 4;

/// What the compositor offers, and the connection that asks for it.
#[derive(Debug)]
pub(super) struct Wire {
    stream: UnixStream,
    offered: Vec<Event>,
}

/// What the compositor says.
#[derive(Debug)]
pub(super) struct Event {
    pub object: u32,
    pub opcode: u32,
    arguments: Vec<u8>,
}

impl Event {
    /// The text that begins at this word of its arguments.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        let (length, rest) = self.arguments.get(4 * at..)?.split_first_chunk()?;
        let text = rest.get(..usize::try_from(u32::from_ne_bytes(*length)).ok()?)?;
        str::from_utf8(text.strip_suffix(b"\0")?).ok()
    }

    fn number(&self) -> Option<u32> {
        self.arguments.first_chunk().map(|word| u32::from_ne_bytes(*word))
    }
}

impl Wire {
    pub(super) fn connect(socket: &Path) -> Result<Wire> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut wire = Wire { stream, offered: Vec::new() };
        // wl_display.get_registry
        wire.send(DISPLAY, 1, &[REGISTRY])?;
        wire.offered = wire.sync()?;
        Ok(wire)
    }

    /// Makes what the compositor offers by this name an object of this number.
    pub(super) fn bind(&self, interface: &str, object: u32) -> Result<()> {
        // wl_registry.global
        let offer =
            |event: &&Event| (event.object, event.opcode, event.text(1)) == (REGISTRY, 0, Some(interface));
        let name = self.offered.iter().find(offer).and_then(Event::number);
        let name = name.with_context(|| format!("the compositor offers {interface}"))?;
        let version = 1;
        // wl_registry.bind
        let body = [words(&[name]), text(interface)?, words(&[version, object])].concat();
        (&self.stream).write_all(&message(REGISTRY, 0, &body)?)?;
        Ok(())
    }

    /// Sends a request whose arguments are all numbers.
    pub(super) fn send(&self, object: u32, opcode: u32, arguments: &[u32]) -> Result<()> {
        (&self.stream).write_all(&message(object, opcode, &words(arguments))?)?;
        Ok(())
    }

    /// The same for one that has a file among its arguments, which is not in the message but beside it.
    pub(super) fn send_file(&self, object: u32, opcode: u32, arguments: &[u32], file: &File) -> Result<()> {
        let bytes = message(object, opcode, &words(arguments))?;
        let files = [file.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        ensure!(beside.push(SendAncillaryMessage::ScmRights(&files)), "there is room for one file");
        let sent = sendmsg(&self.stream, &[IoSlice::new(&bytes)], &mut beside, SendFlags::empty())?;
        ensure!(sent == bytes.len(), "a request was cut off");
        Ok(())
    }

    /// Waits until everything sent so far is carried out, and returns the events up to then.
    pub(super) fn sync(&self) -> Result<Vec<Event>> {
        // wl_display.sync
        self.send(DISPLAY, 0, &[CALLBACK])?;
        let mut events = Vec::new();
        loop {
            let event = self.receive()?;
            match (event.object, event.opcode) {
                // wl_display.error
                (DISPLAY, 0) => {
                    anyhow::bail!("the compositor refuses: {}", event.text(2).unwrap_or_default())
                }
                // wl_display.delete_id, after the answer: from then on the number can be used again.
                (DISPLAY, 1) if event.number() == Some(CALLBACK) => return Ok(events),
                _ => events.push(event),
            }
        }
    }

    fn receive(&self) -> Result<Event> {
        let [object, second] = [self.word()?, self.word()?];
        let (length, opcode) = (second >> 16, second & 0xffff);
        let mut arguments = vec![0; usize::try_from(length)?.saturating_sub(8)];
        (&self.stream).read_exact(&mut arguments)?;
        Ok(Event { object, opcode, arguments })
    }

    fn word(&self) -> Result<u32> {
        let mut word = [0; 4];
        (&self.stream).read_exact(&mut word)?;
        Ok(u32::from_ne_bytes(word))
    }
}

/// A head of the object, and of the length and the request's number in one word; and its arguments.
fn message(object: u32, opcode: u32, body: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(body.len() + 8)?;
    Ok([&words(&[object, length << 16 | opcode]), body].concat())
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// A text with its length, its end included, filled up to whole words.
fn text(text: &str) -> Result<Vec<u8>> {
    let length = text.len() + 1;
    let mut bytes = [&words(&[u32::try_from(length)?]), text.as_bytes()].concat();
    bytes.resize(4 + length.next_multiple_of(4), 0);
    Ok(bytes)
}
