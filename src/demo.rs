//! Demonstration data.
use crate::app::State;
use crate::config::CreateUser;
pub struct DemoUser;
pub fn load(_: &State) -> Result<Vec<DemoUser>, String> {
    Ok(Vec::new())
}
pub fn print_users(_: &[DemoUser]) {}
pub fn create_admin(_: &CreateUser) -> Result<(), String> {
    Ok(())
}
