//! Browsers, media, and what renders and converts documents.

use super::mark::{after, before};
use super::{Program, own, program};

pub(super) const ALL: &[Program] = &[
    // build.
    program(
        "chrome",
        &["chrome", "chromium", "headless_shell"],
        &["google:chrome"],
        &[before(b"\0Default").parts(4, 4).next(&[b"\0"])],
    ),
    // Debian, build.
    program(
        "ffmpeg",
        &["ffmpeg", "ffprobe", "ffplay"],
        &["ffmpeg:ffmpeg"],
        &[after(b"%s version ").parts(2, 3), after(b"FFmpeg version ").parts(2, 3)],
    ),
    // Debian, build.
    program(
        "ffmpeg",
        &["libav*", "libswresample*", "libswscale*"],
        &["ffmpeg:ffmpeg"],
        &[after(b"FFmpeg version ").parts(2, 3), after(b"FFmpeg version n").parts(2, 3)],
    ),
    // build.
    Program {
        own: Some(own::firefox),
        ..program("firefox", &["application.ini"], &["mozilla:firefox"], &[])
    },
    // Debian.
    program(
        "ghostscript",
        &["gs", "libgs.so*"],
        &["artifex:ghostscript"],
        &[after(b"GPL Ghostscript ").parts(2, 3), after(b"ghostscript/").parts(2, 3).next(&[b"/"])],
    ),
    // Debian.
    program(
        "graphviz",
        &["dot", "libgvc.so*"],
        &["graphviz:graphviz"],
        &[after(b"\0graphviz\0").parts(3, 3).next(&[b"\0"])],
    ),
    // Debian.
    program(
        "imagemagick",
        &["magick", "libMagickCore-*"],
        &["imagemagick:imagemagick"],
        &[after(b"/ImageMagick-").parts(3, 3)],
    ),
    // Debian, build.
    program(
        "qtbase",
        &["libQt5Core.so*", "libQt6Core.so*", "libQtCore.so*"],
        &["qt:qt", "qt:qtbase"],
        &[after(b"\0Qt ").parts(3, 3).next(&[b" ("]), after(b"QtCore library version ").parts(3, 3)],
    ),
    // Debian.
    program(
        "tesseract",
        &["tesseract", "libtesseract.so*"],
        &["tesseract_project:tesseract"],
        &[after(b"tesseract ").parts(3, 3)],
    ),
    // Debian.
    program(
        "wkhtmltopdf",
        &["wkhtmltopdf", "wkhtmltoimage"],
        &["wkhtmltopdf:wkhtmltopdf"],
        &[after(b"wkhtmltopdf ").parts(3, 4), after(b"wkhtmltox ").parts(3, 4)],
    ),
];
