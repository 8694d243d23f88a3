//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    fondaco::cli::run().into()
}
