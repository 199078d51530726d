//! The display that the windows are on: the app ends with it, as everything else of the session does.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{io::AsyncReadExt, net::UnixStream, sync::oneshot};
use x11rb::{connection::Connection, rust_connection::RustConnection};

/// A compositor that crashed is often there again after a moment.
const BACK_WITHIN: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(500);

/// A connection to the display, which draws nothing.
pub(crate) enum Display {
    X11(Box<RustConnection>),
    Wayland { socket: PathBuf, connection: UnixStream },
}

impl Display {
    /// Connects as the windows will: to Wayland where there is one, and else to X11.
    ///
    /// # Errors
    /// Where no display takes us; the text says what to do.
    pub(crate) async fn connect() -> Result<Self, String> {
        let backends = env::var("GDK_BACKEND").unwrap_or_default();
        let mut why = String::new();
        if is_set("WAYLAND_DISPLAY") && !backends.starts_with("x11") {
            let socket = wayland_socket();
            match UnixStream::connect(&socket).await {
                Ok(connection) => return Ok(Self::Wayland { socket, connection }),
                Err(error) => why = format!("{}: {error}. ", socket.display()),
            }
        }
        // GTK goes on to X11 unless it is told which ones to take (docs.gtk.org/gtk3/running.html, GDK_BACKEND).
        let takes_x11 = backends.is_empty() || backends.split(',').any(|name| name == "x11" || name == "*");
        if is_set("DISPLAY") && takes_x11 {
            match x11rb::connect(None) {
                Ok((connection, _)) => return Ok(Self::X11(Box::new(connection))),
                Err(error) => {
                    let display = env::var_os("DISPLAY").unwrap_or_default();
                    why = format!("{why}{}: {error}. ", display.display());
                }
            }
        }
        Err(format!(
            "The display cannot be reached. {why}WAYLAND_DISPLAY and XDG_RUNTIME_DIR, or DISPLAY and XAUTHORITY, name \
             it: correct them, or start callboard-tray in a desktop session."
        ))
    }

    /// True for a Wayland compositor's.
    pub(crate) fn is_wayland(&self) -> bool {
        matches!(self, Self::Wayland { .. })
    }

    /// Waits until the display is gone for good.
    pub(crate) async fn lost(self) {
        match self {
            Self::X11(connection) => {
                let (lost, is_lost) = oneshot::channel::<()>();
                let watching = std::thread::Builder::new().name("display".into()).spawn(move || {
                    while connection.wait_for_event().is_ok() {}
                    drop(lost);
                });
                match watching {
                    Ok(_) => drop(is_lost.await),
                    Err(error) => {
                        tracing::warn!(%error, "the end of the display will not be noticed");
                        std::future::pending().await
                    }
                }
            }
            Self::Wayland { socket, mut connection } => loop {
                ended(&mut connection).await;
                match tokio::time::timeout(BACK_WITHIN, back(&socket)).await {
                    Ok(again) => connection = again,
                    Err(_) => return,
                }
            },
        }
    }
}

/// Waits for the end of a connection. A compositor sends nothing to a client that has asked for nothing.
async fn ended(connection: &mut UnixStream) {
    let mut byte = [0];
    while connection.read(&mut byte).await.is_ok_and(|read| read > 0) {}
}

/// A connection to the compositor that takes the place of one that ended, and lasts for a moment.
async fn back(socket: &Path) -> UnixStream {
    loop {
        tokio::time::sleep(MOMENT).await;
        if let Ok(mut connection) = UnixStream::connect(socket).await
            && tokio::time::timeout(MOMENT, ended(&mut connection)).await.is_err()
        {
            return connection;
        }
    }
}

/// Where the compositor listens (wl_display_connect(3)).
fn wayland_socket() -> PathBuf {
    let name = PathBuf::from(env::var_os("WAYLAND_DISPLAY").unwrap_or_default());
    PathBuf::from(env::var_os("XDG_RUNTIME_DIR").unwrap_or_default()).join(name)
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Whether the environment names a display.
pub(crate) fn is_named() -> bool {
    is_set("WAYLAND_DISPLAY") || is_set("DISPLAY")
}
