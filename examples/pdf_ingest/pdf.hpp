// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What is kept of a PDF: its text, and a picture of each page.
struct document {
    std::string text;                // of all pages, UTF-8
    std::vector<std::string> pages;  // PNG files
};

/// The bytes are no PDF that can be read. what() says why.
class bad_document : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Reads a PDF. The same bytes give the same document.
///
/// Throws: bad_document. Thread safety: any thread, on several at once. Computes for milliseconds per page.
[[nodiscard]] document parse_pdf(std::string_view bytes);
