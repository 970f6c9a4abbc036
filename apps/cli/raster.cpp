#include "raster.hpp"

#include <fmt/format.h>
#include <librsvg/rsvg.h>

#include <cmath>
#include <llmx/error.hpp>
#include <memory>

namespace llmx::cli {
namespace {

cairo_status_t append(void* to, const unsigned char* bytes, unsigned int count) {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
    return CAIRO_STATUS_SUCCESS;
}

[[noreturn]] void fail(const char* why) { throw Error(ErrorCode::output, fmt::format("png: {}", why)); }

}  // namespace

std::string png(const std::string& svg, double fine) {
    GError* error = nullptr;
    const std::unique_ptr<RsvgHandle, decltype(&g_object_unref)> handle(
        rsvg_handle_new_from_data(reinterpret_cast<const guint8*>(svg.data()), svg.size(), &error),
        g_object_unref);
    if (!handle) {
        const std::string why = error->message;
        g_error_free(error);
        fail(why.c_str());
    }
    double width = 0;
    double height = 0;
    if (!rsvg_handle_get_intrinsic_size_in_pixels(handle.get(), &width, &height))
        fail("the picture has no size");
    constexpr double most = 32767;  // cairo's own limit
    if (width * fine > most || height * fine > most) {
        fail(fmt::format("{:.0f} x {:.0f} pixels; at most {:.0f} are possible; an .svg file has no limit",
                         width * fine, height * fine, most)
                 .c_str());
    }
    using Surface = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;
    const Surface surface(
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(std::ceil(width * fine)),
                                   static_cast<int>(std::ceil(height * fine))),
        cairo_surface_destroy);
    const std::unique_ptr<cairo_t, decltype(&cairo_destroy)> context(cairo_create(surface.get()),
                                                                     cairo_destroy);
    const RsvgRectangle all = {0, 0, width * fine, height * fine};
    if (!rsvg_handle_render_document(handle.get(), context.get(), &all, &error)) {
        const std::string why = error->message;
        g_error_free(error);
        fail(why.c_str());
    }
    std::string bytes;
    const cairo_status_t status = cairo_surface_write_to_png_stream(surface.get(), append, &bytes);
    if (status != CAIRO_STATUS_SUCCESS) fail(cairo_status_to_string(status));
    return bytes;
}

}  // namespace llmx::cli
