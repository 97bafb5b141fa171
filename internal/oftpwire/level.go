package oftpwire

import "strconv"

// Level is a protocol release level as SSIDLEV carries it (RFC 5024 section
// 5.3.2). It decides the layout of the commands after Start Session. A level
// without a layout of its own uses that of the next lower one.
type Level uint8

// The release levels. The number 3 was never given out.
const (
	Level12 Level = 1 // revision 1.2; RFC 2204 announces itself so although it describes 1.3
	Level13 Level = 2 // revision 1.3
	Level14 Level = 4 // revision 1.4
	Level20 Level = 5 // revision 2.0, RFC 5024
)

var levelNames = map[Level]string{Level12: "1.2", Level13: "1.3", Level14: "1.4", Level20: "2.0"}

// String returns the revision, "1.2" to "2.0", and "level 7" for a number
// without one.
func (l Level) String() string {
	if name, ok := levelNames[l]; ok {
		return name
	}
	return "level " + strconv.Itoa(int(l))
}

// Valid reports whether l is one of the four release levels.
func (l Level) Valid() bool {
	_, ok := levelNames[l]
	return ok
}

// Lower returns the level at which a session of two sides runs: the lower of
// both. A level from the future counts as 2.0, the unused number 3 as 1.3. The
// result is not [Level.Valid] only if one of the two is 0.
func Lower(a, b Level) Level {
	l := min(a, b, Level20)
	if l == 3 {
		return Level13
	}
	return l
}
