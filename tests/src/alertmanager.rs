//! A real Alertmanager.

use std::{fs, process::Command};

use anyhow::Result;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::{Server, http};

/// Alertmanager on a port of the system's choosing, with storage of its own and no cluster.
#[derive(Debug)]
pub struct Alertmanager {
    url: String,
    server: Server,
    _folder: TempDir,
}

impl Alertmanager {
    /// Starts it. With a URL, every alert is sent there at once, as webhook version 4, firing and resolved.
    pub fn start(webhook_url: Option<&str>) -> Result<Alertmanager> {
        Alertmanager::launch(webhook_url.map(|url| json!({ "url": url })))
    }

    /// Starts it with a webhook that carries `Authorization: Bearer TOKEN`, the only proof that Alertmanager can send.
    pub fn start_with_token(webhook_url: &str, token: &str) -> Result<Alertmanager> {
        let authorization = json!({ "credentials": token });
        Alertmanager::launch(Some(
            json!({ "url": webhook_url, "http_config": { "authorization": authorization } }),
        ))
    }

    /// Starts it as it is where nothing is configured: all alerts in one group, with the usual waits, sent to nobody.
    pub fn start_plain() -> Result<Alertmanager> {
        Alertmanager::configured(
            &json!({ "route": { "receiver": "nobody" }, "receivers": [{ "name": "nobody" }] }),
        )
    }

    fn launch(webhook: Option<Value>) -> Result<Alertmanager> {
        let webhooks: Vec<Value> = webhook.into_iter().collect();
        // The intervals let a test see firing and resolved without waiting for a group to fill.
        Alertmanager::configured(&json!({
            "route": {
                "receiver": "callboard",
                "group_by": ["..."],
                "group_wait": "0s",
                "group_interval": "100ms",
                "repeat_interval": "1h",
            },
            "receivers": [{ "name": "callboard", "webhook_configs": webhooks }],
        }))
    }

    fn configured(config: &Value) -> Result<Alertmanager> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("alertmanager.yml");
        // JSON is YAML.
        fs::write(&file, config.to_string())?;

        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="]);
        let mut server = Server::spawn("Alertmanager", command, &folder.path().join("log"))?;
        let address = server.ready_line(|line| {
            let listens = line.contains("Listening on");
            line.split_once("address=").filter(|_| listens).map(|(_, address)| address.to_owned())
        })?;
        let url = format!("http://{address}");
        server.ready(|_| {
            http::send("GET", &format!("{url}/-/ready"), &[], None).ok().filter(|r| r.status == 200)
        })?;
        Ok(Alertmanager { url, server, _folder: folder })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// The base URL of its API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Raises an alert with these labels, `alertname` among them.
    pub fn fire(&self, labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> Result<()> {
        self.post_alert(json!({ "labels": object(labels), "annotations": object(annotations) }))
    }

    /// Raises an alert that began at `starts_at`, such as `2026-11-22T10:00:00Z`.
    pub fn fire_since(&self, starts_at: &str, labels: &[(&str, &str)]) -> Result<()> {
        self.post_alert(json!({ "labels": object(labels), "annotations": {}, "startsAt": starts_at }))
    }

    /// Resolves the alert with exactly these labels.
    pub fn resolve(&self, labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> Result<()> {
        // Now, as senders say it: an end before the beginning is taken for another, earlier alert.
        let ended = jiff::Timestamp::now().to_string();
        self.post_alert(
            json!({ "labels": object(labels), "annotations": object(annotations), "endsAt": ended }),
        )
    }

    /// The alerts it lists now; a resolved one is no longer among them.
    pub fn alerts(&self) -> Result<Vec<Value>> {
        self.list("alerts")
    }

    /// Its silences, expired ones too.
    pub fn silences(&self) -> Result<Vec<Value>> {
        self.list("silences")
    }

    fn list(&self, what: &str) -> Result<Vec<Value>> {
        let answer = http::send("GET", &format!("{}/api/v2/{what}", self.url), &[], None)?.json()?;
        Ok(serde_json::from_value(answer)?)
    }

    fn post_alert(&self, alert: Value) -> Result<()> {
        let url = format!("{}/api/v2/alerts", self.url);
        http::send("POST", &url, &[], Some(&json!([alert])))?.json()?;
        Ok(())
    }
}

fn object(pairs: &[(&str, &str)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
    };

    use super::*;

    /// Receives one webhook and returns its body.
    fn receive(listener: &TcpListener) -> Value {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = String::new();
        let mut buffer = [0; 4096];
        loop {
            let count = connection.read(&mut buffer).unwrap();
            request.push_str(&String::from_utf8_lossy(&buffer[..count]));
            if let Some(body) =
                request.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok())
            {
                connection
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .unwrap();
                return body;
            }
        }
    }

    #[test]
    fn an_alert_is_sent_when_it_fires_and_when_it_is_resolved() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let alertmanager =
            Alertmanager::start(Some(&format!("http://{}/", listener.local_addr().unwrap()))).unwrap();
        let labels = [("alertname", "DiskFull"), ("instance", "db1")];
        let annotations = [("summary", "The disk is full")];

        alertmanager.fire(&labels, &annotations).unwrap();
        let firing = receive(&listener);
        assert_eq!((&firing["version"], &firing["status"]), (&json!("4"), &json!("firing")));
        assert_eq!(firing["alerts"][0]["labels"]["instance"], "db1");
        assert_eq!(alertmanager.alerts().unwrap().len(), 1);

        alertmanager.resolve(&labels, &annotations).unwrap();
        assert_eq!(receive(&listener)["status"], "resolved");
        assert!(alertmanager.alerts().unwrap().is_empty());
    }
}
