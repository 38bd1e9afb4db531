//! Checks for timing side channels: whether an id exists out of scope, whether a user name has an account.

use std::time::{Duration, Instant};

use serde_json::Value;
use uuid::Uuid;

use crate::data::PASSWORD;
use crate::load::{Call, agent, percentile, send};
use crate::report::Report;
use crate::scenarios::{Stage, get, nth, sign_in};
use crate::server::Server;

/// The largest difference of medians, in ms.
const APART: f64 = 5.0;

pub fn measure(stage: &Stage, server: &Server, report: &mut Report, times: usize) {
    let foreign = |i: usize| {
        nth(&stage.heads, i + 1)
            .and_then(|head| head.row.pointer("/homes/0").and_then(Value::as_str).map(str::to_owned))
    };
    let asks = |i: usize, id: String| {
        let head = nth(&stage.heads, i)?;
        Some(Call { expect: 404, ..get(format!("/households/{id}"), &head.token, |_| true) })
    };
    let unknown = |i: usize| asks(i, Uuid::now_v7().to_string());
    let out_of_scope = |i: usize| asks(i, foreign(i)?);
    let (found, wrong_answers) = medians(server, times, &[&unknown, &out_of_scope]);
    report.wrong += wrong_answers;
    report.medians("404 of an unknown id and of one out of scope", &found, APART);

    // Each name is used once, because failures are counted.
    let nobody = |i: usize| Some(sign_in(&format!("nobody{i}"), PASSWORD, 401));
    let wrong = |i: usize| Some(sign_in(&nth(&stage.heads, i)?.text("username"), "not-the-password", 401));
    let disabled = |i: usize| Some(sign_in(&nth(&stage.disabled, i)?, PASSWORD, 401));
    let times = (times / 4).min(stage.heads.len()).min(stage.disabled.len());
    let (found, wrong_answers) = medians(server, times, &[&nobody, &wrong, &disabled]);
    report.wrong += wrong_answers;
    report.medians("sign-in of nobody, with a wrong password, of a disabled account", &found, APART);
}

type Ask<'a> = &'a dyn Fn(usize) -> Option<Call>;

/// Measures the kinds in turn, so that other load on the machine affects all equally.
fn medians(server: &Server, times: usize, kinds: &[Ask]) -> (Vec<f64>, u64) {
    let agent = agent();
    let mut wrong = 0;
    let mut latencies: Vec<Vec<Duration>> = kinds.iter().map(|_| Vec::new()).collect();
    for i in 0..times {
        for (kind, latencies) in kinds.iter().zip(&mut latencies) {
            let Some(call) = kind(i) else { continue };
            let asked = Instant::now();
            let answer = send(&agent, &server.url, &call);
            latencies.push(asked.elapsed());
            if !answer.is_ok_and(|(status, _)| status == call.expect) {
                wrong += 1;
            }
        }
    }
    (latencies.iter().map(|latencies| percentile(latencies, 0.5)).collect(), wrong)
}
