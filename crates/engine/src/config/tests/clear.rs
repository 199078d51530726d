//! What would send a secret unencrypted is refused before there is one.

use super::*;

#[test]
fn account_that_can_only_send_its_secret_in_the_clear_is_refused() {
    let (clear, here) = ("http://a.example", "http://127.0.0.1:8080");
    // service, url, more of its table -> whether it is refused
    let cases = [
        ("github", clear, "", true),
        ("github", clear, "allow_http = true", false),
        ("github", "https://a.example", "", false),
        ("jenkins", clear, "user = \"ana\"", true),
        ("jenkins", clear, "user = \"ana\"\nallow_http = true", false),
        ("jenkins", here, "user = \"ana\"", false),
        ("jenkins", clear, "", false),
        ("cctray", clear, "user = \"ana\"", true),
        ("cctray", clear, "", false),
        ("http", clear, "user = \"ana\"", true),
        ("http", clear, "header = \"X-Api-Key\"", true),
        ("http", clear, "", false),
        // Its user only makes silences, unless there is a password.
        ("alertmanager", clear, "user = \"ana\"", false),
        // A webhook has an address of its own.
        ("slack", clear, "", false),
    ];
    for (service, url, more, refused) in cases {
        let table = format!("[accounts.ci]\nservice = \"{service}\"\nurl = \"{url}\"\n{more}");
        match read(&table) {
            Ok(_) => assert!(!refused, "{table}"),
            Err(errors) => {
                let [only] = &errors[..] else { panic!("{table}: {errors:?}") };
                let said = only.starts_with("3:7 its secret would travel in the clear: ")
                    && only.ends_with("add allow_http = true to [accounts.ci]");
                assert!(refused && said, "{table}: {only}");
            }
        }
    }
}
