import Foundation
import TesseraCore
import TesseraIO
import Testing

@Suite struct TensorFileTests {
  @Test func `the extension chooses the format`() throws {
    let scratch = try Scratch()
    let tensors = [(name: "a", tensor: try sample(.f32)), (name: "b", tensor: try sample(.u8))]
    for name in ["x.safetensors", "x.SafeTensors"] {
      try TensorFile.write(tensors, to: scratch.path(name))
      #expect(try TensorFile.read(scratch.path(name)).map(\.name) == ["a", "b"])
    }
    try TensorFile.write(tensors, to: scratch.path("q.v.NPY"))
    let read = try TensorFile.read(scratch.path("q.v.NPY"))
    #expect(read.map(\.name) == ["q.v"])
    #expect(bytes(read[0].tensor) == bytes(tensors[0].tensor))
  }

  @Test(arguments: ["x", "x.txt", "x.npy/y", ".", "", "npy", "x.npy.gz"])
  func `another extension is refused`(path: String) throws {
    for attempt in 0..<2 {
      let error = #expect(throws: TesseraError.self) {
        if attempt == 0 {
          _ = try TensorFile.read(path)
        } else {
          try TensorFile.write([], to: path)
        }
      }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains(".safetensors or a name ending in .npy") == true)
    }
  }

  @Test func `an npy file needs a tensor`() throws {
    let error = #expect(throws: TesseraError.self) { try TensorFile.write([], to: "x.npy") }
    #expect(error?.code == .invalidArgument)
  }
}
