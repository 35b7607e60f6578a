//! Commands on a terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::Shell;

/// A terminal on which commands run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terminal {
    /// Width in columns; 0 if unknown.
    pub(crate) columns: u16,
    /// `true` to set `NO_COLOR`.
    pub(crate) no_color: bool,
}

impl Terminal {
    /// Runs a command without questions; returns what the terminal showed, with line ends as in files.
    pub(crate) fn show(self, shell: &Shell, arguments: &[&str]) -> String {
        self.answer(shell, arguments, &[]).replace("\r\n", "\n")
    }

    /// Answers the prompts of a command, each once its text appears; returns all that the terminal
    /// showed.
    pub(crate) fn answer(
        self,
        shell: &Shell,
        arguments: &[&str],
        answers: &[(&str, &str)],
    ) -> String {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 24, ws_col: self.columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let terminal = File::options().read(true).write(true).open(name).unwrap();
        let mut command = Shell::command(shell.path("").as_path(), arguments);
        command
            .env("TERM", "xterm")
            .env("NO_COLOR", if self.no_color { "1" } else { "" })
            .stdin(Stdio::from(terminal.try_clone().unwrap()))
            .stderr(Stdio::from(terminal.try_clone().unwrap()))
            .stdout(Stdio::from(terminal));
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut master = File::from(master);
        let (mut bytes, mut shown, mut answered) = (Vec::new(), String::new(), 0);
        let (mut answers, mut buffer) = (answers.iter(), [0; 4_096]);
        let mut next = answers.next();
        // Reading fails once the command has closed the terminal.
        while let Ok(count @ 1..) = master.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..count]);
            shown = String::from_utf8_lossy(&bytes).into_owned();
            while let Some((prompt, answer)) = next
                && shown.get(answered..).is_some_and(|rest| rest.contains(prompt))
            {
                answered = shown.len();
                master.write_all(answer.as_bytes()).unwrap();
                next = answers.next();
            }
        }
        assert!(child.wait().unwrap().success(), "{shown}");
        assert!(next.is_none(), "{next:?} was not asked: {shown}");
        shown
    }
}
