//! Demonstration data.
use crate::app::State;
pub struct DemoUser;
pub fn load(_: &State) -> Result<Vec<DemoUser>, String> {
    Ok(Vec::new())
}
pub fn print_users(_: &[DemoUser]) {}
