//! Health checks and the documentation page.

use crate::harness::TestServer;

#[test]
fn liveness_and_readiness_answer_200() {
    let server = TestServer::start();
    assert_eq!(server.anonymous().get("/health/live").expect(200)["status"], "ok");
    assert_eq!(server.anonymous().get("/health/ready").expect(200)["status"], "ok");
}

#[test]
fn the_documentation_page_loads_nothing_from_other_origins() {
    let server = TestServer::start();
    let document = server.anonymous().get("/openapi.json").expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(server.anonymous().get("/docs").status, 302);
    let page = server.anonymous().get("/docs/");
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("https://"), "no URL of another origin");
    // A script of another origin could read the token that a developer enters.
    let policy = page.header("content-security-policy");
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{rule}: {policy}");
    }
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let script = server.anonymous().get("/docs/swagger-initializer.js").text;
    assert!(script.contains("\"persistAuthorization\": false") || !script.contains("persistAuthorization"), "{script}");
}
