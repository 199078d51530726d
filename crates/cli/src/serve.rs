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
    stop_signal().await?;
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
        let listener = greeting.webhook_addr.map_or_else(
            || "no webhook listener".to_owned(),
            |at| format!("webhooks at http://{at}/hooks/ACCOUNT"),
        );
        println!("serving {}; {listener}", greeting.config.display());
    }
    Ok(())
}

async fn in_use(paths: &Paths) -> Usage {
    let owner = match socket::Client::connect(&paths.data).await {
        Ok(mut client) => client.call(Hello {}).await.ok(),
        Err(_) => None,
    };
    let owner = owner.map_or_else(
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
        "{owner} is using the store in {}; stop it first, or choose another folder with --data",
        paths.data.display()
    ))
}

#[cfg(unix)]
pub(crate) async fn stop_signal() -> std::io::Result<()> {
    let mut terminated = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

/// The same, or a closed terminal: for a command that leaves nothing behind. The daemon may outlive its terminal.
#[cfg(unix)]
pub(crate) async fn stop_or_hangup_signal() -> std::io::Result<()> {
    let mut hung_up = signal::unix::signal(signal::unix::SignalKind::hangup())?;
    tokio::select! {
        stopped = stop_signal() => stopped,
        _ = hung_up.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
pub(crate) async fn stop_or_hangup_signal() -> std::io::Result<()> {
    stop_signal().await
}

#[cfg(not(unix))]
pub(crate) async fn stop_signal() -> std::io::Result<()> {
    signal::ctrl_c().await
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn closed_terminal_stops_the_tour() {
        let mut stop = std::pin::pin!(stop_or_hangup_signal());
        // The handler is there once the future has been polled.
        tokio::select! {
            biased;
            stopped = &mut stop => panic!("{stopped:?}"),
            () = std::future::ready(()) => {}
        }
        let hang_up = format!("kill -HUP {}", std::process::id());
        assert!(std::process::Command::new("sh").args(["-c", &hang_up]).status().unwrap().success());
        stop.await.unwrap();
    }
}
