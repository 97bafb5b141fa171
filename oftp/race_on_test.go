//go:build race

package oftp_test

// raceDetector makes sync.Pool forget at random.
const raceDetector = true
