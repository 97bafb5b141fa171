// Package datefmt reads and writes dates in the component's format texts, the
// custom date formats of .NET, and in the two stamp fields of ODETTE-FTP.
//
// A layout is made of these elements; all names are English:
//
//	yyyy yy            year with four digits, or the last two (50-99 are 19xx)
//	MMMM MMM MM M      month: November, Nov, 11 with and without leading zero
//	dddd ddd dd d      day: Friday, Fri, 20 with and without leading zero
//	HH H hh h          hour of 24, hour of 12
//	mm m ss s          minute, second
//	tt                 AM or PM
//	f ff fff ffff      the first digits of the fraction; ffff is the counter
//	z zz zzz zzzz      offset from UTC: +2, +02, +02:00, +02:00
//	Z 'GMT'            the time is in UTC
//	'text' "text" \x   text as it stands
//
// An unquoted T stands for itself, as in ISO 8601; so does everything that is
// no letter. Any other letter, or another number of the same letter, is a fault
// that [Check] reports. A layout of one letter is a custom format too: the
// standard formats of .NET ("d", "G") are not known here.
//
// ODETTE-FTP stamps have a counter of four digits below the second (RFC 5024,
// section 5.3.3, SFIDTIME). It is no part of the time and travels beside it.
package datefmt
