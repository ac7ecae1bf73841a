import Foundation
import Logging
import Tessera
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime
import Testing

@Suite("Tuning database") struct TuningDatabaseTests {
  private static let key = TuningKey(operation: "gemm", variant: "f16", extents: [1, 512, 512, 512])

  private static func device(
    _ name: String = "GPU A", driver: String = "1", architecture: String = "sm_90",
    vendor: String = "V", backend: String = "opencl"
  ) throws -> TuningDevice {
    let text =
      #"{"backend":"\#(backend)","name":"\#(name)","driver":"\#(driver)","#
      + #""architecture":"\#(architecture)","vendor":"\#(vendor)"}"#
    return try JSONDecoder().decode(TuningDevice.self, from: Data(text.utf8))
  }

  private static func entry(
    _ form: String, on device: TuningDevice, key: TuningKey = key, others: [String] = []
  ) -> TuningEntry {
    let forms = [form] + others
    return TuningEntry(
      device: device, key: key, form: form, checksum: TuningEntry.checksum(of: forms),
      candidates: forms.enumerated().map { .init(form: $1, samples: [1e-3 * Double($0 + 1)]) })
  }

  @Test func `extents near each other share a bucket`() {
    func key(_ m: Int) -> TuningKey {
      TuningKey(operation: "gemm", variant: "", extents: [1, m])
    }
    #expect(key(1000).bucket == [1, 1024])
    #expect(key(1000).isNear(key(1300)) && !key(1000).isNear(key(1500)))
    // Few rows are another kind of problem each.
    #expect(!key(7).isNear(key(8)))
    #expect(key(Int.max).bucket[1] > 0)
    #expect(key(0).bucket == [1, 0])
  }

  @Test func `the nearest measurement counts`() throws {
    let own = try Self.device()
    var near = Self.key
    near.extents[1] = 500
    let forms = ["exact", "bucket", "driver", "architecture", "vendor"]
    var database = TuningDatabase(entries: [
      Self.entry("vendor", on: try Self.device("GPU C", architecture: "sm_80")),
      Self.entry("other", on: try Self.device("GPU D", architecture: "x", vendor: "W")),
    ])
    func found() -> TuningMatch? { database.match(Self.key, on: own, forms: forms) }
    #expect(found() == TuningMatch(form: "vendor", scope: .vendor, exact: true))
    database.add(Self.entry("architecture", on: try Self.device("GPU B")))
    #expect(found()?.scope == .architecture)
    database.add(Self.entry("driver", on: try Self.device(driver: "2")))
    #expect(found()?.form == "driver")
    database.add(Self.entry("bucket", on: own, key: near))
    #expect(found() == TuningMatch(form: "bucket", scope: .device, exact: false))
    database.add(Self.entry("exact", on: own))
    #expect(found() == TuningMatch(form: "exact", scope: .device, exact: true))
    // Another back-end's measurements say nothing.
    let vulkan = try Self.device(backend: "vulkan")
    #expect(database.match(Self.key, on: vulkan, forms: forms) == nil)
  }

  @Test func `a form that is not legal is never chosen`() throws {
    let own = try Self.device()
    let database = TuningDatabase(entries: [Self.entry("fast", on: own, others: ["slow", "slower"])])
    #expect(database.match(Self.key, on: own, forms: ["slower", "slow"])?.form == "slow")
    #expect(database.match(Self.key, on: own, forms: ["new"]) == nil)
  }

  @Test func `measurements of other candidates are outdated`() throws {
    let own = try Self.device()
    let database = TuningDatabase(entries: [Self.entry("a", on: own, others: ["b"])])
    #expect(database.measurement(of: Self.key, on: own, forms: ["b", "a"]) != nil)
    #expect(database.measurement(of: Self.key, on: own, forms: ["a", "b", "c"]) == nil)
  }

  @Test func `merging keeps the better measurement`() throws {
    let own = try Self.device()
    var few = Self.entry("a", on: own, others: ["b"])
    var many = few
    many.form = "b"
    many.candidates[1].samples = [1, 1, 1]
    var database = TuningDatabase(entries: [many])
    database.merge(TuningDatabase(entries: [few]))
    #expect(database.entries == [many])
    // Other candidates: the planner has changed since.
    few.checksum = "other"
    database.merge(TuningDatabase(entries: [few]))
    #expect(database.entries == [few])
  }

  @Test(arguments: [
    "", "{", "[]", #"{"schema":2,"entries":[]}"#, #"{"schema":1}"#,
    #"{"schema":1,"entries":[{"device":{}}]}"#,
  ])
  func `what is no database is refused by name`(text: String) {
    #expect {
      try TuningStore.decode(Array(text.utf8), name: "mine.json")
    } throws: { error in
      (error as? TesseraError)?.code == .malformedData && "\(error)".contains("mine.json")
    }
  }

  @Test func `entries that cannot be are refused`() throws {
    let own = try Self.device()
    var none = Self.entry("a", on: own)
    none.form = "b"
    var negative = Self.entry("a", on: own)
    negative.key.extents = [-1]
    var zero = Self.entry("a", on: own)
    zero.candidates[0].samples = [0]
    for entry in [none, negative, zero] {
      let text = try TuningStore.json(TuningDatabase(entries: [entry]))
      #expect(throws: TesseraError.self) { try TuningStore.decode(text, name: "mine.json") }
    }
    let good = TuningDatabase(entries: [Self.entry("a", on: own)])
    #expect(try TuningStore.decode(try TuningStore.json(good), name: "x") == good)
  }

  @Test func `the user's file is shared, private and never trusted blindly`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/tuning-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let cache = try #require(DiskCache(folder: folder))
    let logger = Logger(label: "test")
    let own = try Self.device()
    let first = TuningStore(cache: cache, logger: logger)
    let second = TuningStore(cache: cache, logger: logger)
    _ = second.database()
    try first.add([Self.entry("a", on: own)])
    var other = Self.key
    other.extents[0] = 2
    // The second store read the file before the first one wrote it: both entries must be there after.
    try second.add([Self.entry("b", on: own, key: other)])
    let third = TuningStore(cache: cache, logger: logger)
    #expect(third.database().match(Self.key, on: own, forms: ["a"]) != nil)
    #expect(third.database().match(other, on: own, forms: ["b"]) != nil)
    // Writable by others: not used.
    let path = try #require(first.path)
    #expect(chmod(path, 0o666) == 0)
    let fourth = TuningStore(cache: cache, logger: logger)
    #expect(fourth.database().match(Self.key, on: own, forms: ["a"]) == nil)
    // Damaged: not used, and not overwritten.
    #expect(chmod(path, 0o600) == 0)
    try Data("{".utf8).write(to: URL(filePath: path))
    let fifth = TuningStore(cache: cache, logger: logger)
    #expect(fifth.database().match(Self.key, on: own, forms: ["a"]) == nil)
    #expect(throws: TesseraError.self) { try fifth.add([Self.entry("a", on: own)]) }
    #expect(try Data(contentsOf: URL(filePath: path)) == Data("{".utf8))
  }

  @Test func `what the library brings can be read`() {
    let shipped = TuningStore.shipped()
    #expect(shipped.entries.allSatisfy { entry in entry.candidates.contains { $0.form == entry.form } })
  }
}
