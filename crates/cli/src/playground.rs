//! The tour.
use crate::{exit::Exit, output::Output};
use anyhow::Result;
pub(crate) async fn play(_once: bool, _output: &Output) -> Result<Exit> {
    Ok(Exit::Failed)
}
