// SPDX-License-Identifier: BSL-1.0
#include "pdf.hpp"

#include <png.h>
#include <poppler-document.h>
#include <poppler-global.h>
#include <poppler-image.h>
#include <poppler-page-renderer.h>
#include <poppler-page.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr int most_pages = 200;
constexpr double points_per_inch = 72;
constexpr double longest_side = 300;  // pixels

// Poppler repairs what it can, so that of a truncated file some pages may seem to be all of them.
void expect_whole_pdf(std::string_view bytes)
{
    constexpr std::size_t margin = 1024;  // where readers look for the two marks
    if (bytes.substr(0, margin).find("%PDF-") == std::string_view::npos) throw bad_document{"this is not a PDF"};
    if (bytes.substr(bytes.size() - std::min(bytes.size(), margin)).find("%%EOF") == std::string_view::npos)
        throw bad_document{"the PDF is truncated: its end is missing"};
}

/// Never more than a screen's, however large the page claims to be.
double resolution_for(poppler::page const& page)
{
    poppler::rectf const size = page.page_rect();
    double const side = std::max({size.width(), size.height(), 1.0});
    return std::min(points_per_inch, points_per_inch * longest_side / side);
}

png_image png_of(poppler::image const& picture)
{
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    png.width = static_cast<png_uint_32>(picture.width());
    png.height = static_cast<png_uint_32>(picture.height());
    png.format = PNG_FORMAT_RGB;
    return png;
}

}  // namespace

document parse_pdf(std::string_view bytes)
{
    // Poppler would write what it dislikes in a PDF to standard error.
    [[maybe_unused]] static bool const quiet = [] {
        poppler::set_debug_error_function([](std::string const&, void*) {}, nullptr);
        return true;
    }();
    expect_whole_pdf(bytes);
    std::unique_ptr<poppler::document> const pdf{
        poppler::document::load_from_raw_data(bytes.data(), static_cast<int>(bytes.size()))};
    if (pdf == nullptr) throw bad_document{"the PDF is damaged"};
    if (pdf->is_locked()) throw bad_document{"the PDF needs a password"};
    if (pdf->pages() < 1) throw bad_document{"the PDF has no pages"};
    if (pdf->pages() > most_pages) throw bad_document{"the PDF has more than " + std::to_string(most_pages) + " pages"};

    poppler::page_renderer renderer;
    renderer.set_image_format(poppler::image::format_rgb24);
    renderer.set_render_hints(poppler::page_renderer::antialiasing | poppler::page_renderer::text_antialiasing);

    document result;
    for (int number = 0; number < pdf->pages(); ++number) {
        std::unique_ptr<poppler::page> const page{pdf->create_page(number)};
        if (page == nullptr) throw bad_document{"page " + std::to_string(number + 1) + " is damaged"};
        poppler::byte_array const text = page->text().to_utf8();
        result.text.append(text.begin(), text.end());

        double const dpi = resolution_for(*page);
        poppler::image const picture = renderer.render_page(page.get(), dpi, dpi);
        if (!picture.is_valid()) throw bad_document{"page " + std::to_string(number + 1) + " can't be drawn"};
        png_image png = png_of(picture);
        png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);  // to ask for its size would compress it twice
        std::string file(size, '\0');
        if (png_image_write_to_memory(&png, file.data(), &size, 0, picture.const_data(), picture.bytes_per_row(),
                                      nullptr) == 0)
            throw bad_document{"page " + std::to_string(number + 1) + " can't be made a PNG: " + png.message};
        result.pages.push_back(file.substr(0, size));
    }
    return result;
}
