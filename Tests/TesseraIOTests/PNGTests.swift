import Foundation
import TesseraCore
import TesseraIO
import Testing

@Suite struct PNGTests {
  /// Pictures that exercise every filter and both kinds of block.
  static func picture(_ kind: Int, _ width: Int, _ height: Int, _ format: PNGImage.Format) throws
    -> PNGImage
  {
    var random = SeededGenerator(seed: UInt64(kind))
    let samples = (0..<(width * height * format.channels)).map { i -> UInt8 in
      let (x, y) = (i / format.channels % width, i / format.channels / width)
      switch kind {
      case 0: return 200
      case 1: return UInt8.random(in: 0...255, using: &random)
      case 2: return UInt8((x * 3 + y * 5 + i % format.channels * 40) & 255)
      default: return UInt8((x / 8 + y / 8) % 2 * 250) &+ UInt8.random(in: 0...3, using: &random)
      }
    }
    return try PNGImage(width: width, height: height, format: format, samples: samples)
  }

  @Test(arguments: 0..<4, PNGImage.Format.allCases)
  func `a decoder gets the same samples back`(kind: Int, format: PNGImage.Format) throws {
    for (width, height) in [(1, 1), (7, 1), (1, 5), (61, 47), (300, 130)] {
      let image = try Self.picture(kind, width, height, format)
      let decoded = try decode(image.encoded())
      #expect(decoded == image)
    }
  }

  @Test func `smooth pictures get much smaller and noise hardly larger`() throws {
    let flat = try Self.picture(0, 300, 300, .rgb)
    let gradient = try Self.picture(2, 300, 300, .rgb)
    let noise = try Self.picture(1, 300, 300, .rgb)
    #expect(flat.encoded().count < 2_000)
    #expect(gradient.encoded().count < 10_000)
    #expect(noise.encoded().count < 300 * 300 * 3 * 102 / 100)
  }

  @Test func `matches reach the far end of the window and no farther`() throws {
    // Rows of noise repeat after 32768 bytes in the filtered data, less and more one byte.
    for width in [32766, 32767, 32768] {
      let row = try Self.picture(1, width, 1, .gray).samples
      let image = try PNGImage(width: width, height: 3, format: .gray, samples: row + row + row)
      #expect(try decode(image.encoded()) == image)
    }
  }

  @Test func `very uneven counts stay within deflate's code lengths`() throws {
    // Counts like Fibonacci numbers make the deepest possible trees.
    var samples: [UInt8] = []
    var (a, b) = (1, 1)
    for value in 0..<22 {
      samples += [UInt8](repeating: UInt8(value * 11), count: a)
      (a, b) = (b, a + b)
    }
    var random = SeededGenerator(seed: 5)
    samples.shuffle(using: &random)
    let image = try PNGImage(width: samples.count, height: 1, format: .gray, samples: samples)
    #expect(try decode(image.encoded()) == image)
  }

  @Test func `wrong sizes are refused`() throws {
    for (width, height, count) in [
      (0, 1, 0), (1, 0, 0), (-1, -1, 1), (2, 2, 3), (2, 2, 5), (1 << 31, 1, 1),
    ] {
      let error = #expect(throws: TesseraError.self) {
        try PNGImage(
          width: width, height: height, format: .gray, samples: [UInt8](repeating: 0, count: count))
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test func `unit values are clamped and rounded`() throws {
    let values: [Float] = [-1, 0, 0.5, 1, 7, .nan, .infinity, -.infinity]
    let image = try PNGImage(width: 8, height: 1, format: .gray, unitValues: values)
    #expect(image.samples == [0, 0, 128, 255, 255, 0, 255, 0])
  }

  @Test func `Python's zlib agrees`() throws {
    let scratch = try Scratch()
    let image = try Self.picture(3, 97, 31, .rgb)
    try image.write(to: scratch.path("x.png"))
    #expect(try scratch.contents() == ["x.png"])
    let output = try python(
      """
      import sys, struct, zlib
      raw = open(sys.argv[1], 'rb').read()
      assert raw[:8] == b'\\x89PNG\\r\\n\\x1a\\n'
      at, data, names = 8, b'', []
      while at < len(raw):
        n, = struct.unpack('>I', raw[at:at + 4])
        body = raw[at + 4:at + 8 + n]
        assert struct.unpack('>I', raw[at + 8 + n:at + 12 + n])[0] == zlib.crc32(body)
        names.append(body[:4].decode())
        if body[:4] == b'IDAT': data += body[4:]
        at += 12 + n
      print(names, len(zlib.decompress(data)))
      """, [scratch.path("x.png")])
    #expect(output == "['IHDR', 'IDAT', 'IEND'] \(31 * (97 * 3 + 1))\n")
  }
}

/// A PNG decoder for what `PNGImage` writes.
private func decode(_ png: [UInt8]) throws -> PNGImage {
  func number(_ at: Int) -> Int { png[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) } }
  var data: [UInt8] = []
  var at = 8
  var (width, height) = (0, 0)
  var format = PNGImage.Format.gray
  while at < png.count {
    let length = number(at)
    switch String(decoding: png[(at + 4)..<(at + 8)], as: UTF8.self) {
    case "IHDR":
      (width, height) = (number(at + 8), number(at + 12))
      format = png[at + 17] == 0 ? .gray : png[at + 17] == 2 ? .rgb : .rgba
    case "IDAT": data += png[(at + 8)..<(at + 8 + length)]
    default: break
    }
    at += 12 + length
  }
  let filtered = try Inflate.zlib(data)
  let (step, rowBytes) = (format.channels, width * format.channels)
  var samples: [UInt8] = []
  for row in 0..<height {
    let filter = filtered[row * (rowBytes + 1)]
    for i in 0..<rowBytes {
      let a = i < step ? 0 : Int(samples[samples.count - step])
      let b = row == 0 ? 0 : Int(samples[samples.count - rowBytes])
      let c = i < step || row == 0 ? 0 : Int(samples[samples.count - rowBytes - step])
      let p = a + b - c
      let nearest = [a, b, c].min { abs(p - $0) < abs(p - $1) } ?? 0
      let predicted = [0, a, b, (a + b) / 2, nearest][Int(filter)]
      samples.append(filtered[row * (rowBytes + 1) + 1 + i] &+ UInt8(predicted))
    }
  }
  return try PNGImage(width: width, height: height, format: format, samples: samples)
}
