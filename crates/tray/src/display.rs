//! The display that the windows are on: the app ends with it, as everything else of the session does.

use std::{env, path::PathBuf, time::Duration};

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
    /// Connects.
    ///
    /// # Errors
    /// Where there is no display, or it does not take us; the text says what to do.
    pub(crate) async fn connect() -> Result<Self, String> {
        if !is_set("WAYLAND_DISPLAY") && !is_set("DISPLAY") {
            return Err("There is no display: neither WAYLAND_DISPLAY nor DISPLAY is set. Start callboard-tray in a \
                        desktop session; without one, `callboard serve` does the work and `callboard board` shows it."
                .to_owned());
        }
        if is_wayland() {
            let socket = wayland_socket();
            return match UnixStream::connect(&socket).await {
                Ok(connection) => Ok(Self::Wayland { socket, connection }),
                Err(error) => Err(format!(
                    "The display {} cannot be reached: {error}. WAYLAND_DISPLAY and XDG_RUNTIME_DIR name it; correct \
                     them, or start callboard-tray in a desktop session.",
                    socket.display()
                )),
            };
        }
        match x11rb::connect(None) {
            Ok((connection, _)) => Ok(Self::X11(Box::new(connection))),
            Err(error) => Err(format!(
                "The display {} cannot be reached: {error}. Correct DISPLAY and XAUTHORITY, or start callboard-tray in a \
                 desktop session.",
                env::var_os("DISPLAY").unwrap_or_default().display()
            )),
        }
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
                let mut byte = [0];
                // A compositor sends nothing to a client that has asked for nothing.
                while connection.read(&mut byte).await.is_ok_and(|read| read > 0) {}
                match back(&socket).await {
                    Some(again) => connection = again,
                    None => return,
                }
            },
        }
    }
}

/// A connection to the compositor that takes the place of one that ended.
async fn back(socket: &PathBuf) -> Option<UnixStream> {
    let again = async {
        loop {
            if let Ok(connection) = UnixStream::connect(socket).await {
                return connection;
            }
            tokio::time::sleep(MOMENT).await;
        }
    };
    tokio::time::timeout(BACK_WITHIN, again).await.ok()
}

/// Where the compositor listens (wl_display_connect(3)).
fn wayland_socket() -> PathBuf {
    let name = PathBuf::from(env::var_os("WAYLAND_DISPLAY").unwrap_or_default());
    PathBuf::from(env::var_os("XDG_RUNTIME_DIR").unwrap_or_default()).join(name)
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// True in a Wayland session that our windows use.
pub(crate) fn is_wayland() -> bool {
    let prefers_x11 = env::var("GDK_BACKEND").is_ok_and(|backend| backend.starts_with("x11"));
    is_set("WAYLAND_DISPLAY") && !prefers_x11
}
