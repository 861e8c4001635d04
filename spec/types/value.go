package types

// The values that flow through Tenon are plain Go:
//
//	Missing        absent (the only value of the kind Absent)
//	nil            null
//	bool, string
//	int            integers of 64 bits
//	float64        other numbers, when float64 carries the JSON text exactly (its shortest form has the same value)
//	Num            numbers that neither int nor float64 carries, and decimals made on purpose
//	[]any, map[string]any
//	time.Time, time.Duration, []byte
//
// Values are never changed once made; they may be shared freely between goroutines.

// MissingValue is the type of [Missing].
type MissingValue struct{}

// Missing is the absent value. It is never an element of an array or object.
var Missing = MissingValue{}

func (MissingValue) String() string { return "absent" }

// IsMissing reports whether v is absent.
func IsMissing(v any) bool { _, ok := v.(MissingValue); return ok }
