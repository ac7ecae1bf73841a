import Foundation
import TesseraCore
import TesseraIO
import Testing

@Suite struct NetpbmTests {
  private func image(_ header: String, _ samples: [UInt8]) throws -> NetpbmImage {
    try NetpbmImage(storage: guarded(Array(header.utf8) + samples), path: "x.ppm")
  }

  @Test func `colour and gray pictures of 8 and 16 bits are read`() throws {
    let colour = try image("P6\n2 1\n255\n", [1, 2, 3, 10, 32, 255])
    #expect((colour.width, colour.height, colour.channels) == (2, 1, 3))
    #expect(colour.samples.shape == [1, 2, 3])
    #expect(colour.samples.values(as: UInt8.self) == [1, 2, 3, 10, 32, 255])
    #expect(try colour.unitValues().floats()[5] == 1)
    let gray = try image("P5 1 2 65535\n", [1, 2, 255, 255])
    #expect(gray.samples.values(as: UInt16.self) == [258, 65535])
    #expect(try gray.unitValues().floats() == [Float(258) / 65535, 1])
    let coarse = try image("P5 2 1 4\n", [0, 3])
    #expect(try coarse.unitValues().floats() == [0, 0.75])
  }

  @Test func `comments and all white space are read`() throws {
    let read = try image("P5# by hand\n#\n\t2 # width\r\n 1\u{B}255\u{C}", [35, 35])
    #expect(read.samples.values(as: UInt8.self) == [35, 35])
  }

  @Test(arguments: [
    ("", 0), ("P", 0), ("P6", 0), ("P3 1 1 255\n", 3), ("P61 1 255\n", 3), ("P6 1 1 255", 0),
    ("P6 0 1 255\n", 0), ("P6 1 -1 255\n", 3), ("P6 1 1 0\n", 3), ("P6 1 1 65536\n", 6),
    ("P6 1 1 255\n", 2), ("P6 1 1 255\n", 4), ("P6 1 1 256\n", 3), ("P6 2147483648 1 255\n", 0),
    ("P6 2147483647 2147483647 65535\n", 12), ("P6 99999999999999999999 1 255\n", 0),
    ("P6 1 1#", 0), ("P6 1 1x255\n", 3), ("P5 1 1 7\n", 1),
  ])
  func `wrong files are refused`(header: String, count: Int) throws {
    let error = #expect(throws: TesseraError.self) {
      try image(header, [UInt8](repeating: 9, count: count))
    }
    #expect(error?.code == .malformedData)
    #expect(error?.message.hasPrefix("x.ppm: ") == true)
  }

  @Test func `damaged files give an error or a picture, never a crash`() throws {
    let whole = Array("P6 # c\n3 2 1000\n".utf8) + [UInt8](repeating: 1, count: 36)
    var random = SeededGenerator(seed: 3)
    var opened = 0
    for _ in 0..<20_000 {
      let storage = guarded(mutated(whole, header: 16, using: &random))
      do throws(TesseraError) {
        let read = try NetpbmImage(storage: storage, path: "f")
        #expect(try read.unitValues().shape == read.samples.shape)
        opened += 1
      } catch { #expect(error.code == .malformedData, "\(error)") }
    }
    #expect(opened > 100)
    #expect(opened < 19_000)
  }
}
