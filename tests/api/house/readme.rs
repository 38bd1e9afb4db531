//! Runs the commands of the README tour against the demonstration data and compares the output; tests of the
//! demonstration data.

use std::process::Command;

use ketnghia::demo;

use crate::harness::{Catalogue, TestServer};

const README: &str = include_str!("../../../README.md");

/// The fenced code blocks of the tour: language and text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let tour = README.split("<!-- tour:").nth(1).unwrap().split("<!-- end of the tour -->").next().unwrap();
    let fenced = tour.split("\n```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

#[test]
fn the_readme_tour_prints_the_documented_output() {
    let server = TestServer::with(Catalogue::Small);
    demo::load(&server.state).unwrap();
    // The commands use `date`, so the clock of the service is set to that of the machine.
    server.set_clock(&chrono::Utc::now().to_rfc3339());
    let mut script = String::from("set -euo pipefail\n");
    let mut expected = Vec::new();
    for (language, text) in blocks() {
        if language == "sh" {
            script.push_str(text);
            script.push('\n');
        } else {
            expected.extend(text.lines());
        }
    }
    assert!(expected.len() > 10, "the tour contains expected output");
    let output =
        Command::new("bash").args(["-c", &script]).env("API", format!("{}/api/v1", server.url())).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}\n{stdout}");
    let answers: Vec<&str> =
        stdout.trim_start_matches('\u{feff}').lines().map(|line| line.trim_start_matches('\u{feff}')).collect();
    assert_eq!(answers, expected, "{stderr}");
}

#[test]
fn demonstration_data_is_loaded_once_and_has_every_status() {
    let server = TestServer::with(Catalogue::Small);
    let users = demo::load(&server.state).unwrap();
    let again = demo::load(&server.state).unwrap();
    assert_eq!((users.len(), again.len()), (10, 10));
    let world = crate::harness::World::on(server);
    for (table, column, values) in [
        ("hardship_lists", "status", vec!["draft", "submitted", "returned", "approved", "closed"]),
        ("hardship_items", "status", vec!["open", "pledged", "helped"]),
        ("gifts", "status", vec!["recorded", "confirmed", "disputed", "not_delivered"]),
    ] {
        for value in values {
            assert!(world.count(table, &format!("{column} = '{value}'")) > 0, "{table} {value}");
        }
    }
    assert_eq!(world.count("households", "village_id IN (SELECT id FROM localities WHERE name = 'Tung')"), 24);
    assert!(world.count("visits", "visited_on < '2020-01-01'") > 0, "records of 2019 too");
}

#[test]
fn demonstration_data_of_an_earlier_day_leaves_out_later_records() {
    let server = TestServer::with(Catalogue::Small);
    server.set_clock("2024-05-02T02:00:00Z");
    let users = demo::load(&server.state).unwrap();
    assert!(users.iter().any(|user| user.username == "iagrai.district"));
    let sign_in = |username: &str| {
        let anonymous = server.anonymous();
        let body = serde_json::json!({"username": username, "password": "ketnghia-demo"});
        let tokens = anonymous.post("/auth/login", body).expect(200);
        anonymous.with_token(tokens["access_token"].as_str().unwrap())
    };
    assert_eq!(sign_in("iagrai.district").get("/me").expect(200)["locality"]["code"], "628");
    assert_eq!(sign_in("gialai").get("/me").expect(200)["locality"]["code"], "64");
    let visits = sign_in("gialai").get("/visits?count=true").expect(200);
    assert_eq!(visits["total"], 2, "those of 2019");
}
