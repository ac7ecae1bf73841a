import Tessera
import TesseraIO

/// A photograph cut into patches, and back.
///
/// The picture is shrunk by whole pixels to at most `maximumSide`, cropped to whole patches of
/// `patch × patch` RGB pixels, and each patch becomes one token of `3·patch²` values.
struct PhotoFeatures {
  static let patch = 4
  /// Values of one token.
  static var patchValues: Int { 3 * patch * patch }

  let width: Int
  let height: Int
  /// Tokens along y and x.
  var rows: Int { height / Self.patch }
  var columns: Int { width / Self.patch }
  var tokens: Int { rows * columns }
  /// RGB in 0...1, `[height, width, 3]`.
  let pixels: [Float]

  init(_ image: NetpbmImage, maximumSide: Int) throws(TesseraError) {
    let longest = max(image.width, image.height)
    let factor = max(1, (longest + maximumSide - 1) / maximumSide)
    width = image.width / factor / Self.patch * Self.patch
    height = image.height / factor / Self.patch * Self.patch
    guard width > 0, height > 0 else {
      throw .invalidArgument(
        "--photo", got: "\(image.width) × \(image.height) pixels",
        allowed: "at least \(Self.patch) × \(Self.patch)")
    }
    let source = try image.unitValues().floats()
    var pixels = [Float](repeating: 0, count: width * height * 3)
    let share = 1 / Float(factor * factor)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          // A gray picture has the same value in all three.
          let own = image.channels == 3 ? channel : 0
          var sum: Float = 0
          for dy in 0..<factor {
            for dx in 0..<factor {
              let position = (y * factor + dy) * image.width + x * factor + dx
              sum += source[position * image.channels + own]
            }
          }
          pixels[(y * width + x) * 3 + channel] = sum * share
        }
      }
    }
    self.pixels = pixels
  }

  /// `[tokens, patchValues]`: the pixels of each patch, row by row.
  func patches() -> [Float] {
    var result = [Float](repeating: 0, count: tokens * Self.patchValues)
    forEachValue { token, value, pixel in result[token * Self.patchValues + value] = pixels[pixel] }
    return result
  }

  /// The picture made of `[tokens, patchValues]`.
  func picture(from patches: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: width * height * 3)
    forEachValue { token, value, pixel in result[pixel] = patches[token * Self.patchValues + value] }
    return result
  }

  private func forEachValue(_ body: (_ token: Int, _ value: Int, _ pixel: Int) -> Void) {
    let side = Self.patch
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          body(
            y / side * columns + x / side, (y % side * side + x % side) * 3 + channel,
            (y * width + x) * 3 + channel)
        }
      }
    }
  }
}
