//! `ketnghia user`: accounts from the command line.

use serde_json::json;

use crate::harness::{DataFolder, Program, ketnghia};

#[test]
fn operators_create_reset_list_and_deactivate_accounts_from_the_command_line() {
    let folder = DataFolder::new("operators");
    let server = Program::start(&folder.0);
    let run = |arguments: &[&str]| {
        let output = ketnghia(&folder.0).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), said + &String::from_utf8(output.stderr).unwrap())
    };
    let password = |said: &str| said.trim().rsplit(' ').next().unwrap().to_owned();
    let sign_in =
        |password: &str| server.client().post("/auth/login", json!({"username": "operator", "password": password}));
    let token = |password: &str| sign_in(password).expect(200)["access_token"].as_str().unwrap().to_owned();

    let (done, said) = run(&["user", "create", "--username", "operator", "--full-name", "Nguyễn Văn A"]);
    assert!(done, "{said}");
    let first = token(&password(&said));
    let (done, said) = run(&["user", "create", "--username", "operator", "--full-name", "Nguyễn Văn A"]);
    assert!(!done && said.contains("already"), "{said}");

    // A reset ends the sessions.
    let (done, said) = run(&["user", "reset", "operator"]);
    assert!(done && said.contains("signs in once"), "{said}");
    server.client().with_token(&first).get("/me").expect_problem(401, "unauthenticated");
    let second = password(&said);
    let session = server.client().with_token(&token(&second));
    sign_in(&second).expect_problem(401, "invalid_credentials");

    let (done, said) = run(&["user", "list"]);
    assert!(done && said.contains("operator\tadmin\tactive\tNguyễn Văn A"), "{said}");
    session.get("/me").expect(200);
    let (done, said) = run(&["user", "end-sessions", "operator"]);
    assert!(done && said.contains('1'), "{said}");
    session.get("/me").expect_problem(401, "unauthenticated");
    let audited = run(&[
        "database",
        "--superuser",
        "--",
        "psql",
        "-Atc",
        "SELECT count(*) FROM audit_events WHERE step = 'session_ended' AND actor_role = 'system'",
    ]);
    assert_eq!(audited, (true, "1\n".to_owned()));

    let (done, said) = run(&["user", "deactivate", "operator"]);
    assert!(done && said.contains("deactivated"), "{said}");
    assert!(run(&["user", "list"]).1.contains("operator\tadmin\tdeactivated"));
    for command in [["user", "reset", "nobody"], ["user", "deactivate", "nobody"], ["user", "end-sessions", "nobody"]] {
        let (done, said) = run(&command);
        assert!(!done && said.contains("there is no user nobody"), "{said}");
    }
}
