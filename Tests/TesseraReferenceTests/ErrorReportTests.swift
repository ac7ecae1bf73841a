import TesseraReference
import Testing

@Suite struct `Error report` {
  @Test func `finds the one bad row`() {
    let gold = [Double](repeating: 1, count: 400)
    var values = gold
    values[123] = 2
    let report = ErrorReport(values, gold: gold, rowLength: 4) { _ in 0.5 }
    #expect(report.total == (1.0 / 400).squareRoot())
    #expect(report.worstRow == 0.5 && report.worstRowIndex == 30)
    #expect(report.boundRatio == 2 && report.worstElement == 123)
    #expect(report.nonFinite == 0)
  }

  @Test func `counts wrong non-finite values only`() {
    let report = ErrorReport(
      [.nan, -.infinity, .infinity, 1], gold: [0, -.infinity, 1, 1], rowLength: 1)
    #expect(report.nonFinite == 2 && report.firstNonFinite == 0)
  }

  @Test func `an error where the oracle says zero is infinite`() {
    #expect(ErrorReport([1e-9, 0], gold: [0, 0], rowLength: 2).total == .infinity)
    #expect(ErrorReport([0, 0], gold: [0, 0], rowLength: 2).total == 0)
    #expect(ErrorReport([0], gold: [0, 0], rowLength: 2).nonFinite == 2)
  }
}
