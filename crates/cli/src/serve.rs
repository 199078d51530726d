//! `callboard serve`: the headless daemon.

use anyhow::Result;
use callboard_engine::{Engine, Mode, OpenError, api::Hello, paths::Paths, socket};
use serde_json::json;
use tokio::signal;

use crate::{
    client::{explain, open_engine, passphrase},
    exit::{Exit, Usage},
    output::Output,
};

/// Serves until SIGTERM, SIGINT or Ctrl+C.
pub(crate) async fn serve(paths: &Paths, output: &Output) -> Result<Exit> {
    let engine = match open_engine(paths, Mode::Serve, passphrase()).await {
        Ok(engine) => engine,
        Err(OpenError::InUse) => return Err(in_use(paths).await.into()),
        Err(error) => return Err(explain(error)),
    };
    print_ready(&engine, output).await?;
    stop_asked_for().await?;
    output.note("stopping");
    engine.stop().await;
    Ok(Exit::Done)
}

/// The line that scripts wait for.
async fn print_ready(engine: &Engine, output: &Output) -> Result<()> {
    let greeting = engine.call(Hello {}).await?;
    if output.json {
        output.json(&json!({ "serving": true, "webhook_addr": greeting.webhook_addr, "config": greeting.config, "pid": greeting.pid }));
    } else {
        let receives = greeting.webhook_addr.map_or_else(
            || "no webhook listener".to_owned(),
            |at| format!("webhooks at http://{at}/hooks/ACCOUNT"),
        );
        println!("serving {}; {receives}", greeting.config.display());
    }
    Ok(())
}

async fn in_use(paths: &Paths) -> Usage {
    let who = match socket::Client::connect(&paths.data).await {
        Ok(mut client) => client.call(Hello {}).await.ok(),
        Err(_) => None,
    };
    let who = who.map_or_else(
        || "another Callboard".to_owned(),
        |it| {
            format!(
                "another Callboard (process {}, {})",
                it.pid,
                if it.serving { "serving" } else { "running a command" }
            )
        },
    );
    Usage(format!(
        "{who} is using the store in {}; stop it first, or choose another folder with --data",
        paths.data.display()
    ))
}

#[cfg(unix)]
pub(crate) async fn stop_asked_for() -> std::io::Result<()> {
    let mut terminated = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
pub(crate) async fn stop_asked_for() -> std::io::Result<()> {
    signal::ctrl_c().await
}
