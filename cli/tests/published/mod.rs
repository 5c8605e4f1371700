//! A log of many agents over the records of a project, and a static web server for its files.

use crate::project::Project;
use candor_log::pipeline::{Log, LogSettings, Registration, Submission};
use candor_log::{FileLogReader, FileSystem};
use candor_program::Card;
use candor_trace::tlog::NoteSigner;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const ORIGIN: &str = "log.example/published";

pub(crate) fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[7; 32]).unwrap()
}

/// Publishes the project's first records under a folder of this name; more of them continue the log.
pub(crate) fn publish(project: &Project, name: &str, records: u64) -> PathBuf {
    let card = Card::from_bytes(&std::fs::read(project.path("card.candor")).unwrap()).unwrap();
    let (own, _) = FileLogReader::open(Path::new(&project.path("log"))).unwrap();
    let records = own.read(0..records).unwrap();
    let folder = project.folder().join(name);
    let settings = LogSettings { publish_interval: Duration::from_millis(5), ..LogSettings::default() };
    let log = if folder.exists() {
        Log::open(FileSystem::at(&folder), settings, signer()).unwrap().0
    } else {
        Log::create(FileSystem::at(&folder), settings, signer()).unwrap()
    };
    log.register(Registration::of(&card, records[0].header.agent)).unwrap();
    let pending: Vec<_> =
        records.iter().map(|record| log.submit(Submission::of(record, &card.domain)).unwrap()).collect();
    let last = pending.into_iter().map(|pending| pending.wait().unwrap().index).max().unwrap();
    assert!(log.wait_published(last, Duration::from_secs(120)).unwrap());
    log.shut_down().unwrap();
    folder
}

/// Serves a folder's files as they lie, and status 500 for the file `broken`; returns the URL.
pub(crate) fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/some/prefix", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(&stream);
            let mut header = String::new();
            let read = reader.read_line(&mut line);
            while reader.read_line(&mut header).is_ok_and(|count| count > 2) {
                header.clear();
            }
            let file = line.strip_prefix("GET /some/prefix/").and_then(|rest| rest.split(' ').next());
            let content = file.and_then(|file| std::fs::read(folder.join(file)).ok());
            let (status, body) = match content {
                _ if folder.join("broken").exists() => ("500 Broken", Vec::new()),
                Some(body) => ("200 OK", body),
                None => ("404 Not Found", Vec::new()),
            };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let mut stream = &stream;
            if read.is_ok() && stream.write_all(head.as_bytes()).is_ok() {
                let _ = stream.write_all(&body);
            }
        }
    });
    url
}
