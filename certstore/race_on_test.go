//go:build race

package certstore

// raceDetector says that the race detector slows everything down.
const raceDetector = true
