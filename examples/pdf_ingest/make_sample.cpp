// SPDX-License-Identifier: BSL-1.0

// Writes a PDF of ten pages, on each of them text and one picture.
//     make_sample FILE

#include <cairo-pdf.h>
#include <cairo.h>

#include <cmath>
#include <cstdio>
#include <string>

namespace {

constexpr int page_count = 10;
constexpr double page_width = 595;  // A4, in points
constexpr double page_height = 842;

/// A picture of rings, of another colour on each page.
cairo_surface_t* make_picture(int page)
{
    constexpr int width = 240;
    constexpr int height = 180;
    cairo_surface_t* const picture = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_surface_flush(picture);
    unsigned char* const bytes = cairo_image_surface_get_data(picture);
    int const stride = cairo_image_surface_get_stride(picture);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            double const ring = std::sin(std::hypot(x - width / 2, y - height / 2) / (4.0 + page));
            auto const shade = static_cast<unsigned>(96 + 80 * ring);
            unsigned char* const pixel = bytes + y * stride + x * 4;
            for (int channel = 0; channel < 3; ++channel)
                pixel[channel] = static_cast<unsigned char>(page % 3 == channel ? shade + 60U : shade);
        }
    }
    cairo_surface_mark_dirty(picture);
    return picture;
}

void draw_text(cairo_t* page, int number)
{
    cairo_select_font_face(page, "sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
    cairo_set_font_size(page, 18);
    cairo_move_to(page, 60, 80);
    cairo_show_text(page, ("Inspection report, page " + std::to_string(number)).c_str());
    cairo_select_font_face(page, "sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(page, 10);
    int line = 0;
    for (int y = 490; y < 780; y += 14) {
        cairo_move_to(page, 60, y);
        ++line;
        std::string const text = std::to_string(line) + ". The bearing of pump " + std::to_string(number * 7 + line) +
                                 " was found in order, and its next inspection is due in spring.";
        cairo_show_text(page, text.c_str());
    }
}

void draw_picture(cairo_t* page, int number)
{
    cairo_surface_t* const picture = make_picture(number);
    cairo_save(page);
    cairo_translate(page, 60, 110);
    cairo_scale(page, 1.95, 1.95);
    cairo_set_source_surface(page, picture, 0, 0);
    cairo_paint(page);
    cairo_restore(page);
    cairo_surface_destroy(picture);
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    cairo_surface_t* const pdf = cairo_pdf_surface_create(argv[1], page_width, page_height);
    cairo_t* const page = cairo_create(pdf);
    for (int number = 1; number <= page_count; ++number) {
        cairo_set_source_rgb(page, 0, 0, 0);
        draw_text(page, number);
        draw_picture(page, number);
        cairo_show_page(page);
    }
    cairo_destroy(page);
    cairo_surface_finish(pdf);
    cairo_status_t const status = cairo_surface_status(pdf);
    cairo_surface_destroy(pdf);
    if (status != CAIRO_STATUS_SUCCESS) {
        std::fprintf(stderr, "%s: %s\n", argv[1], cairo_status_to_string(status));
        return 1;
    }
    return 0;
}
