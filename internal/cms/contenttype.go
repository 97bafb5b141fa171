package cms

import "encoding/asn1"

// A ContentType is what a package is, or what is inside of one (RFC 5652,
// section 3).
type ContentType int

// The content types of OFTP. [Other] is what a package may carry and no reader
// here knows.
const (
	Other ContentType = iota
	Data
	SignedData
	EnvelopedData
	CompressedData
)

var contentTypes = [...]struct {
	name string
	oid  asn1.ObjectIdentifier
}{
	Other:          {"other content", nil},
	Data:           {"Data", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}},
	SignedData:     {"SignedData", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}},
	EnvelopedData:  {"EnvelopedData", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}},
	CompressedData: {"CompressedData", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 9}},
}

// String returns the name of the standard, such as "SignedData".
func (t ContentType) String() string { return contentTypes[t].name }

func (t ContentType) oid() asn1.ObjectIdentifier { return contentTypes[t].oid }

// typeNamed returns Other for a name that is not in the table.
func typeNamed(oid asn1.ObjectIdentifier) ContentType {
	for t, row := range contentTypes {
		if row.oid.Equal(oid) {
			return ContentType(t)
		}
	}
	return Other
}
