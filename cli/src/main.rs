//! The `candor` command.

fn main() -> std::process::ExitCode {
    candor_cli::main()
}
