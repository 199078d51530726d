//! Starting at login.

#[cfg(target_os = "linux")]
pub(crate) use xdg::{is_on, set};

#[cfg(target_os = "linux")]
mod xdg {
    //! A desktop entry in the autostart folder (freedesktop.org, Desktop Application Autostart).

    use std::{
        fs, io,
        path::{Path, PathBuf},
    };

    use callboard_engine::private;

    /// The largest entry that is read, in bytes.
    const LIMIT: u64 = 1 << 20;

    fn file() -> Option<PathBuf> {
        let config = directories::BaseDirs::new()?.config_dir().to_owned();
        Some(config.join("autostart").join("callboard.desktop"))
    }

    /// Whether it is started at login.
    pub(crate) fn is_on() -> bool {
        let text = file().and_then(|file| private::read(&file, LIMIT).ok());
        text.is_some_and(|text| !is_hidden(&String::from_utf8_lossy(&text)))
    }

    /// Starts it at login, or not.
    pub(crate) fn set(on: bool) -> io::Result<()> {
        let file =
            file().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no home folder"))?;
        if !on {
            return match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        private::replace(&file, entry(&std::env::current_exe()?).as_bytes(), None)
    }

    /// True for an entry that a desktop's own settings have switched off.
    fn is_hidden(text: &str) -> bool {
        text.lines().any(|line| {
            matches!(
                line.replace(' ', "").to_ascii_lowercase().as_str(),
                "hidden=true" | "x-gnome-autostart-enabled=false"
            )
        })
    }

    fn entry(program: &Path) -> String {
        format!(
            "[Desktop Entry]\nType=Application\nName=Callboard\nComment=What needs you, and what you can do about it\nExec={} --hidden\nIcon=callboard\nTerminal=false\nX-GNOME-Autostart-enabled=true\n",
            quoted(&program.to_string_lossy())
        )
    }

    /// An argument of `Exec` (Desktop Entry, "The Exec key"): quoted, and quoted again as a string of the file.
    fn quoted(text: &str) -> String {
        let mut quoted = String::from("\"");
        for letter in text.chars() {
            match letter {
                '"' | '`' | '$' => quoted.extend(['\\', '\\', letter]),
                '\\' => quoted.push_str(r"\\\\"),
                '%' => quoted.push_str("%%"),
                other => quoted.push(other),
            }
        }
        quoted + "\""
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn programs_are_quoted_for_exec() {
            let cases = [
                ("/usr/bin/callboard-tray", r#""/usr/bin/callboard-tray""#),
                ("/home/kim/my apps/x", r#""/home/kim/my apps/x""#),
                ("/opt/100%/$x", r#""/opt/100%%/\\$x""#),
                (r"/a\b", r#""/a\\\\b""#),
                ("/a\"b`c", r#""/a\\"b\\`c""#),
            ];
            for (program, expected) in cases {
                assert_eq!(quoted(program), expected);
            }
        }

        #[test]
        fn entry_switched_off_by_the_desktop_is_hidden() {
            let cases = [
                (entry(Path::new("/x")), false),
                ("[Desktop Entry]\nHidden=true\n".to_owned(), true),
                ("[Desktop Entry]\nX-GNOME-Autostart-enabled = false\n".to_owned(), true),
            ];
            for (text, expected) in cases {
                assert_eq!(is_hidden(&text), expected, "{text}");
            }
        }
    }
}

/// Whether it is started at login.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_on() -> bool {
    launcher().is_ok_and(|launcher| launcher.is_enabled().unwrap_or(false))
}

/// Starts it at login, or not.
#[cfg(not(target_os = "linux"))]
pub(crate) fn set(on: bool) -> std::io::Result<()> {
    let launcher = launcher()?;
    let done = if on { launcher.enable() } else { launcher.disable() };
    done.map_err(std::io::Error::other)
}

#[cfg(not(target_os = "linux"))]
fn launcher() -> std::io::Result<auto_launch::AutoLaunch> {
    let program = std::env::current_exe()?;
    auto_launch::AutoLaunchBuilder::new()
        .set_app_name("Callboard")
        .set_app_path(&program.to_string_lossy())
        .set_args(&["--hidden"])
        .build()
        .map_err(std::io::Error::other)
}
