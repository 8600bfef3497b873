"""Common given names and surnames in Latin letters, and words that look like names and name nobody."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GIVEN_NAMES = _words(
    "Aaron Abigail Adam Adrian Agnes Ahmed Aisha Alan Albert Alejandro Alex Alexander Alexandra Alfred Alice Alicia Alison Allison Amanda "
    "Amber Amelia Amina Amir Amy Ana Anderson Andrea Andreas Andrew Angela Anita Ann Anna Anne Annie Anthony Antonio Arthur Ashley "
    "Audrey Barbara Barry Beatrice Benjamin Bernard Beth Betty Beverly Bob Bobby Bradley Brandon Brenda Brian Bridget Bruce "
    "Bryan Caleb Cameron Carl Carla Carlos Carmen Carol Caroline Carolyn Catherine Cecilia Charles Charlie Charlotte Cheryl Chloe Chris "
    "Christian Christina Christine Christopher Cindy Claire Clara Claudia Colin Connor Craig Crystal Cynthia Daniel Danielle David Dawn "
    "Deborah Debra Denise Dennis Derek Diana Diane Diego Dmitri Dolores Donald Donna Doris Dorothy Douglas Duncan Dylan Edith Edward Edwin Eileen "
    "Elaine Eleanor Elena Elizabeth Ella Ellen Emily Emma Emmanuel Eric Erica Erin Ethan Eugene Eva Evelyn Fatima Felix Fernando Fiona "
    "Florence Frances Francis Francisco Frank Fred Frederick Gabriel Gareth Gary Gavin George Gerald Geraldine Gilbert Gloria Gordon Grace "
    "Graham Gregory Guillermo Gwen Hannah Harold Harriet Harry Hassan Hazel Heather Hector Helen Henry Herbert Holly Howard Hugh Hugo Ian "
    "Ibrahim Irene Isaac Isabel Isabella Ivan Jack Jacob Jacqueline Jake James Jamie Jane Janet Janice Jasmine Jason Javier Jean Jeffrey "
    "Jennifer Jeremy Jerry Jesse Jessica Jill Jim Jimmy Joan Joanna Joanne Joe Joel John Johnny Jonathan Jordan Jorge Jose Joseph Joshua Joyce "
    "Juan Juanita Judith Judy Julia Julian Julie June Justin Karen Karl Kate Katherine Kathleen Kathryn Katie Keith Kelly Kenneth Kevin Khalid "
    "Kimberly Kumar Kyle Larry Laura Lauren Laurence Lawrence Leah Leo Leon Leonard Leslie Lewis Liam Lillian Linda Lindsay Lisa Lloyd Lois "
    "Lorraine Louis Louise Lucas Lucy Luis Luke Lydia Lynn Madison Malcolm Manuel Marcus Margaret Maria Marian Marie Marilyn Mario Marion Marjorie "
    "Mark Martha Martin Mary Mason Matthew Maureen Maurice Maya Megan Melanie Melissa Mia Michael Michelle Miguel Mike Mildred Mohamed "
    "Mohammed Monica Muhammad Nadia Nancy Naomi Natalie Natasha Nathan Neil Nicholas Nicole Nigel Nina Noah Noel Nora Norma Norman Olga "
    "Oliver Olivia Omar Oscar Owen Pamela Patricia Patrick Paul Paula Pauline Pedro Peggy Peter Philip Phillip Phyllis Priya Rachel Rafael Raj "
    "Ralph Raymond Rebecca Ricardo Richard Rita Robert Roberta Roberto Robin Roger Roland Ronald Rosa Rosemary Ross Roy Ruby Russell Ruth "
    "Ryan Sally Samantha Samuel Sandra Sara Sarah Scott Sean Sergei Shannon Sharon Sheila Shirley Simon Sofia Sophia Sophie Stanley Stella "
    "Stephanie Stephen Steve Steven Stuart Susan Suzanne Sylvia Tamara Teresa Terry Thelma Theodore Theresa Thomas Tiffany Timothy Tina Todd Tom "
    "Tony Tracy Tyler Valerie Vanessa Vera Veronica Victor Victoria Vincent Viola Virginia Vivian Walter Wanda Wayne Wendy William Willie Yolanda "
    "Yusuf Yvonne Zachary Zoe Anil Arjun Deepak Lakshmi Meera Rahul Rajesh Ravi Sanjay Sunita Suresh Vijay Ananya Hiroshi Kenji Yuki Takashi "
    "Abdul Abdullah Ada Adele Akira Alastair Aled Alessandro Alexis Alfonso Alfredo Ali Alma Alonzo Alvin Amelie Amit Anders Andre Angelo Angus Anika Antoine Antonia Archie Ariana Arlene Armando Arnold Arturo Asha Augusta Aurora Ayesha Ayumi Becky Belinda Ben Benedict Bernadette Bertha Bertram Beryl Bianca Bill Billy Blanca Blake Bonnie Boris Boyd Brad Brendan Brent Brett Brooke Bryce Byron Calvin Camille Candice Carlton Carolina Cassandra Cedric Celeste Chad Charlene Chelsea Chester Christy Clarence Clark Clement Clifford Clifton Clinton Clive Colleen Conrad Constance Cora Corey Cornelius Courtney Curtis Cyril Daisy Dale Damian Damon Dana Dante Daphne Darlene Darrell Darren Darryl Dave Dean Deirdre Delia Della Delores Denis Desmond Dexter Diana Dina Dominic Don Donovan Doreen Doug Dora Duane Dwayne Dwight Earl Ebony Eddie Edgar Edmund Edna Eduardo Effie Elias Elisa Elise Elliot Elmer Elsie Elvira Emil Emilio Enrique Erika Erik Ernest Ernesto Esther Estelle Esteban Ethel Etta Eugenia Eunice Evan Faith Farah Faye Felicia Felipe Fernanda Finn Flora Floyd Franklin Freda Freya Gail Gene Geoffrey Gerard Gertrude Gina Gladys Glen Glenn Glenda Gerardo Gretchen Guadalupe Guy Gustavo Hank Hans Harley Harvey Hassan Hattie Henrietta Herman Hilary Hilda Homer Hope Hubert Ida Ignacio Inez Irma Irving Isabelle Ismail Jacqui Jaime Jared Jay Jeff Jenna Jenny Jerome Jermaine Jo Joanne Jocelyn Jodie Johann Johanna Jon Josephine Josie Joy Juana Julio Juliet Juliette Karim Karin Karina Katrina Kay Kendra Kerry Kim Kirk Kristen Kristin Kurt Lakisha Lamar Lana Latoya Lena Leonardo Leroy Lester Leticia Lewis Liliana Lionel Logan Lola Lorena Lorenzo Loretta Lori Lou Lucia Lucille Lucinda Luther Lyle Lynda Mabel Mack Mae Maggie Mandy Marc Marcel Marcia Marco Margarita Margie Marguerite Marianne Marisol Marlene Marsha Marta Marvin Mathew Mattie Maureen Max Maxine May Mei Melinda Melvin Mercedes Meredith Micheal Milton Mindy Minnie Miranda Mitchell Mohammad Moira Molly Morris Moses Muriel Myra Myrtle Nadine Natalia Ned Nell Nellie Nelson Nick Nicola Nikolai Nigel Nikita Norma Octavia Olive Ollie Opal Orlando Otis Otto Pablo Paige Pam Pat Pearl Percy Perry Pete Phil Phoebe Pilar Polly Preston Priscilla Rachael Ramon Randall Randy Raquel Rashid Raul Regina Reginald Rene Renee Rex Rhonda Rick Ricky Robbie Rochelle Roderick Rodney Rodrigo Roland Ron Ronnie Rosalie Rosalind Rosemarie Rosie Roxanne Rudolph Rudy Rufus Sabrina Sadie Saul Salvador Sam Sandy Santiago Serena Sergio Seth Shane Shaun Shawn Sherri Sherry Sheryl Sidney Silvia Simone Sonia Sonya Spencer Stacey Stacy Stan Stefan Sue Susanna Susie Sybil Tanya Tara Ted Teodoro Terence Terrence Terri Tessa Thaddeus Tim Toby Tomas Tommy Toni Tonya Traci Travis Trevor Tricia Trudy Tyrone Ursula Vanessa Velma Verna Vernon Vicki Vicky Viktor Vince Violet Vladimir Wade Wallace Warren Wesley Wilbur Wilfred Wilma Winifred Winston Xavier Yasmin Yosef Yvette Zainab Zelda "
    "Minh Nguyen Linh Kwame Chidi Ngozi Amara Olu Sven Ingrid Lars Astrid Pierre Giovanni Luca Marco Giulia Hans Greta Klaus Piotr Katarzyna"
)
NO_NAMES = _words(
    "The A An And Or Of In On At To For From With Without By As Is Are Was Were Has Have Had Will Would Can Could May Might Should Do Does Did "
    "He She They We You I It His Her Their Your My Our This That These Those There Here What Which Who When Where Why How If Then But So Because "
    "No Not Yes Please Hello Hi Dear Thank Thanks Sorry Good Well Also However Although After Before During Since Until While Both All Any Some "
    "Each Every Other Another More Most Less Patient Patients Doctor Doctors Nurse Nurses Physician Physicians Hospital Hospitals Clinic Clinics Department Center "
    "Centre Institute University College School Unit Ward Room Health Medical Medicine Care Safety Portal Education Information Rights Advocate "
    "Questionnaire Report Reported Outcome Outcomes Measure Score Scale Index Test Study Studies Trial History Status Age Sex Gender Male Female "
    "Date Name Number Address Phone Diagnosis Findings Impression Comparison Technique Indication Conclusion Assessment Plan Chest Abdomen Head Brain "
    "Left Right Upper Lower Normal Abnormal Acute Chronic Severe Mild Moderate Stable Unknown None Heart Lung Liver Kidney Blood Cancer "
    "Disease Syndrome Disorder Pain Fever Cough January February March April May June July August September October November December Monday Tuesday "
    "Wednesday Thursday Friday Saturday Sunday English Chinese American African European Asian British National International Royal General "
    "Public Emergency Intensive Primary Positive Negative Today Yesterday Tomorrow Denies Presents Presented Complains Reports Admitted "
    "Discharged Seen Examined Reviewed Signed Radiology Cardiology Neurology Oncology Surgery Pathology Pediatrics Room View Views Axial Coronal Sagittal "
    "X-ray Biopsy Weight Height Temperature Dose Drug Aspirin Metformin Insulin Warfarin Group Control Case Cases Figure Table Down Foundation Association Society "
    "Is Let Take Ask Tell Call Talk See Find Learn Service Services Division Program Protection Affordable Act Family Members Infection Infections Sickness Therapy Melanoma Procedure River Army Diocese State States East West North South Middle World War Nobel Prize Red Cross Controlled Supine Prone Erect Portable Intubated Alert"
)
PLACES = frozenset(
    {
        "Ann Arbor",
        "Virginia Beach",
        "Victoria Falls",
        "Charlotte Amalie",
        "Jordan River",
        "Austin Texas",
        "Louis Pasteur",
    }
)
EPONYM_NOUNS = (
    r"(?:disease|syndrome|sign|signs|phenomenon|lymphoma|sarcoma|tumou?r|palsy|paralysis|chorea|dementia|anemia|anaemia|"
    r"score|scale|criteria|classification|grade|grading|stage|staging|index|test|reflex|murmur|law|rule|equation|formula|"
    r"manoeuvre|maneuver|procedure|operation|repair|fracture|contracture|ring|cyst|node|nodes|nodule|nodules|body|bodies|cell|cells|"
    r"duct|tube|canal|fistula|catheter|drain|stent|suture|hernia|angle|line|lines|triad|tetralogy|anomaly|malformation|"
    r"ataxia|dystrophy|neuropathy|myopathy|encephalopathy|nephropathy|thyroiditis|colitis|esophagus|ulcer|ulcers|"
    r"pupil|ganglion|plexus|area|gland|glands|capsule|loop|stain|bacillus|virus|fever|abscess|pouch|space|hospital|clinic|institute|"
    r"institutes|university|foundation|college|center|centre|school|protocol|position|river|army|splint|bandage|respiration|breathing|sphincter|'s\s+\w+|-\w+)"
)
PINYIN_SURNAMES = (
    "Zhang|Wang|Li|Liu|Chen|Yang|Huang|Zhao|Wu|Zhou|Xu|Zhu|Ma|Hu|Guo|Lin|Luo|Liang|Song|Zheng|Xie|Han|Tang|Feng|Deng|Cao|Peng|Zeng|Xiao|Tian|Dong|Pan"
    "|Yuan|Cai|Jiang|Yu|Du|Ye|Cheng|Wei|Su|Lu|Ren|Shen|Yao|Cui|Zhong|Jin|Shi|Liao|Jia|Xia|Fu|Zou|Xiong|Bai|Meng|Qin|Qiu|Hou|Yin|Xue|Yan|Lei|Tao|Shao"
    "|Hao|Gu|Mao|Wan|Qian|Dai|Kong|Xiang|Ouyang|Situ|Wong|Chan|Cheung|Leung|Kwok|Lau|Chow|Ng|Lam"
)
PINYIN_SYLLABLE = r"(?:[bpmfdtnlgkhjqxrzcsywBPMFDTNLGKHJQXRZCSYW]|[zcsZCS]h)?(?:i?ang?|i?ao|i?ong|u?ai|ua?n|uang|ei|e[nr]?g?|i[ane]?|ing?|ie|iu|ou?|u[aeio]?|ue|ve?|ai|an|ao|a|e|er)"
