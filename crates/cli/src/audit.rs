//! The record of who did what, verified and exported.

use anyhow::Result;
use callboard_domain::text;
use callboard_engine::api::{AuditDamage, AuditExportQuery, AuditVerify, LONGEST_LIST};

use crate::{client::Client, exit::Exit, output::Output};

/// Verifies the chain of the record, and names the first entry that was touched.
pub(crate) async fn verify(head: Option<String>, client: &mut Client, output: &Output) -> Result<Exit> {
    let found = client.call(AuditVerify { head }).await?;
    output.either(&found, || {
        let entries = |count: u64| match count {
            1 => "1 entry".to_owned(),
            count => format!("{count} entries"),
        };
        match &found.damage {
            Some(AuditDamage::OtherHead) => {
                println!(
                    "{} follow from one another, but {}",
                    entries(found.entries),
                    AuditDamage::OtherHead
                );
            }
            Some(damage) => {
                println!("The record was touched: {damage}");
                if let Some(last) = found.last {
                    println!("Until entry {last} it is as it was written");
                }
            }
            None => println!("{} as written", entries(found.entries)),
        }
        if found.unchained > 0 {
            println!("{} older than the hashes: they cannot be verified", entries(found.unchained));
        }
        if found.damage.is_none() {
            println!("Hash of the last one: {}", found.head);
        }
    });
    if found.damage.is_none() {
        output.note("Keep the hash elsewhere: `callboard audit verify --head HASH` finds out whether the record was rewritten");
    }
    Ok(if found.damage.is_some() { Exit::Failed } else { Exit::Done })
}

/// Writes every entry as a line of JSON, after one that says where the chain begins.
pub(crate) async fn export(client: &mut Client, output: &Output) -> Result<Exit> {
    let (mut after, mut count) = (i64::MIN, 0);
    loop {
        let part = client.call(AuditExportQuery { after, limit: LONGEST_LIST }).await?;
        if count == 0 {
            output.json(&serde_json::json!({ "checkpoint": part.checkpoint }));
        }
        part.entries.iter().for_each(|entry| output.json(entry));
        count += part.entries.len();
        match part.entries.last() {
            Some(last) if part.entries.len() == LONGEST_LIST => after = last.n,
            _ => break,
        }
    }
    output.note(&format!("{} written", text::count(count, "line")));
    Ok(Exit::Done)
}
